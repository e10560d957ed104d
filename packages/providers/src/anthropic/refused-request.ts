import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { errorBodyOf } from '../openai/error-body.ts'
import type { RequestStyle } from './anthropic-request.ts'

/** What to change in a request that was refused because of a decision that is ours. */
export interface StyleChange {
  readonly change: Partial<RequestStyle>
  /** In our words, for the log. Present if the model refuses it always, so that the change is to be remembered. */
  readonly notice?: string
}

interface RefusedRequest {
  /** The text of an answer with status 400. */
  readonly body: string
  readonly prompt: string | readonly Message[]
  readonly options: CompletionOptions
  readonly style: RequestStyle
}

/**
 * Finds out whether a request was refused because of a decision that is ours: the token limit, thoughts that are shown,
 * or thinking of earlier turns.
 * @returns undefined if it was refused for another reason, which is the caller's
 */
export function changeFor({ body, prompt, options, style }: RefusedRequest): StyleChange | undefined {
  const { message } = errorBodyOf(body)
  if (options.maxTokens === undefined && /max_tokens/.test(message)) return limitIn(message, style.maxTokens)
  if (!/thinking|signature/i.test(message)) return undefined
  // Thinking is bound to the model, and to everything before it. Another turn may have other tools or system texts.
  if (style.keepsThinking && OF_A_BLOCK.test(message) && hasCarry(prompt)) return { change: { keepsThinking: false } }
  if (!style.showsThinking || options.reasoning) return undefined
  return { change: { showsThinking: false }, notice: 'is not asked for its thoughts, because it refuses that' }
}

const OF_A_BLOCK = /block|signature|messages\.\d/i

/** A smaller limit is no limit of a model: the number means something else. */
const MIN_LIMIT = 256

function limitIn(message: string, maxTokens: number): StyleChange | undefined {
  const [, input, , context] = /(\d+) \+ (\d+) > (\d+)/.exec(message) ?? []
  const room = Number(context) - Number(input)
  if (room > 0 && room < maxTokens) return { change: { maxTokens: room } }
  const limits = [...message.matchAll(/\d+/g)].map(Number).filter((limit) => limit >= MIN_LIMIT && limit < maxTokens)
  if (limits.length === 0 || context !== undefined) return undefined
  const limit = Math.max(...limits)
  return { change: { maxTokens: limit }, notice: `takes max_tokens up to ${limit}` }
}

function hasCarry(prompt: string | readonly Message[]): boolean {
  if (typeof prompt === 'string') return false
  return prompt.some(
    ({ role, content }) => role === 'assistant' && content.some((part) => 'carry' in part && part.carry !== undefined),
  )
}
