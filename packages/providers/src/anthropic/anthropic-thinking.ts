import type { OutputConfig, ThinkingConfigParam } from '@anthropic-ai/sdk/resources/messages'
import type { CompletionOptions } from '../llm-provider.ts'
import type { ModelTraits } from './model-traits.ts'

type Effort = NonNullable<CompletionOptions['reasoning']>['effort']

interface Thinking {
  readonly thinking?: ThinkingConfigParam
  readonly effort?: NonNullable<OutputConfig['effort']>
}

/** Without this, newer models send thoughts without their text, and seem dead while they think. */
const SHOWN: ThinkingConfigParam = { type: 'adaptive', display: 'summarized' }

/** Models up to Claude 4.5 take a number of tokens, 1,024 at least. */
const BUDGETS = { minimal: 1_024, low: 2_048, medium: 8_192, high: 16_384, xhigh: 32_000 } as const
const MIN_BUDGET = 1_024

/**
 * The thinking that the options mean for a model.
 * @param showsThinking whether a model that thinks by default may be asked to show its thoughts
 * @param maxTokens the limit of the request, to which thoughts count
 */
export function thinkingOf(
  { reasoning, toolChoice }: CompletionOptions,
  traits: ModelTraits,
  { showsThinking, maxTokens }: { readonly showsThinking: boolean; readonly maxTokens: number },
): Thinking {
  if (reasoning) return thinkingFor(reasoning.effort, traits, maxTokens)
  // A model refuses to think and to be forced to call a tool.
  const isForced = toolChoice === 'required' || typeof toolChoice === 'object'
  return showsThinking && traits.thinksByDefault && !isForced ? { thinking: SHOWN } : {}
}

function thinkingFor(effort: Effort, { thinking, off, hasXhigh }: ModelTraits, maxTokens: number): Thinking {
  if (effort === 'none') return off ? { thinking: { type: off } } : { thinking: SHOWN, effort: 'low' }
  if (thinking === 'enabled') return { thinking: { type: 'enabled', budget_tokens: budgetOf(effort, maxTokens) } }
  if (effort === 'minimal') return { thinking: SHOWN, effort: 'low' }
  return { thinking: SHOWN, effort: effort === 'xhigh' && !hasXhigh ? 'high' : effort }
}

/** A quarter of the limit at least is left for the answer. */
function budgetOf(effort: Exclude<Effort, 'none'>, maxTokens: number): number {
  return Math.min(BUDGETS[effort], Math.max(MIN_BUDGET, Math.floor(maxTokens * 0.75)))
}
