import type { JobOptions } from '@promptlab/contract'

/** How a model thinks. The SDK passes it on, but has no type for it. */
export interface ThinkingConfig {
  readonly includeThoughts: boolean
  /** Models from Gemini 3 on. */
  readonly thinkingLevel?: 'minimal' | 'low' | 'medium' | 'high'
  /** Gemini 2.5, in tokens. */
  readonly thinkingBudget?: number
}

type Effort = NonNullable<JobOptions['reasoning']>['effort']

const LEVELS = {
  none: 'minimal',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
} as const
/** The models that can think less than `low`: Flash up to 3.6, and Flash Lite. Others refuse it, also newer ones. */
const MINIMAL = /^gemini-3(?:\.[0-6])?-flash\b|-lite\b/
/** Flash Lite takes no budget between 0 and 512 tokens, and all take 24,576. */
const BUDGETS = { none: 0, minimal: 512, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576 } as const
/** The greatest budget of Gemini 2.5 Pro, and the least: it always thinks. */
const PRO_BUDGETS = { ...BUDGETS, none: 128, xhigh: 32_768 } as const

/** Whether a model belongs to Gemini 3 or later. Names without a version, such as `gemini-pro-latest`, are the newest. */
export function isGemini3(model: string): boolean {
  return /^gemini-/.test(model) && !/^gemini-(?:1|2)(?:\.|-)/.test(model)
}

/**
 * The thinking that an effort means for a model. Thoughts are asked for, because a model that thinks in silence looks
 * dead; they cost nothing more. Undefined for models that do not think.
 */
export function thinkingOf(model: string, effort: Effort | undefined): ThinkingConfig | undefined {
  if (isGemini3(model))
    return { includeThoughts: effort !== 'none', ...(effort && { thinkingLevel: levelOf(model, effort) }) }
  const isThinking = /^gemini-2\.5-/.test(model)
  if (!isThinking && (!effort || effort === 'none')) return undefined
  const budgets = /-pro\b/.test(model) ? PRO_BUDGETS : BUDGETS
  return { includeThoughts: effort !== 'none', ...(effort && { thinkingBudget: budgets[effort] }) }
}

function levelOf(model: string, effort: Effort) {
  const level = LEVELS[effort]
  return level === 'minimal' && !MINIMAL.test(model) ? 'low' : level
}
