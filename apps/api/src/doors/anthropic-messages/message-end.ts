import type { FinishReason, TokenUsage } from '@promptlab/contract'
import { partLength, partsOf } from '../../jobs/answer/stored-answer.ts'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { finishOf } from '../finish.ts'
import { shownUsage } from '../shown-usage.ts'

/** Why a message ends, in the words of the Messages API. */
type StopReason = 'end_turn' | 'max_tokens' | 'tool_use' | 'refusal'

/** The fields of a message that say how it ended. */
export interface MessageEnd {
  readonly stop_reason: StopReason
  /** Always null: no vendor but Anthropic tells which text ended the answer. */
  readonly stop_sequence: null
  readonly stop_details: { readonly type: 'refusal'; readonly category: null; readonly explanation: null } | null
}

const STOP_REASONS: Readonly<Record<FinishReason, StopReason>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'content-filter': 'refusal',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
  other: 'end_turn',
}

/** How the message of a completed job ended. */
export function messageEnd(job: StoredFinalJob): MessageEnd {
  const stop_reason = stopReasonOf(job)
  // The words of a refusal are in the content.
  const stop_details =
    stop_reason === 'refusal' ? ({ type: 'refusal', category: null, explanation: null } as const) : null
  return { stop_reason, stop_sequence: null, stop_details }
}

function stopReasonOf(job: StoredFinalJob): StopReason {
  const reason = STOP_REASONS[finishOf(job) ?? 'stop']
  if (reason !== 'end_turn') return reason
  // Clients run tools, and show refusals, by this reason alone. Some vendors say `stop` there, or nothing.
  const last = partsOf(job).findLast((part) => partLength(part) > 0)
  if (last?.type === 'tool-call') return 'tool_use'
  return last?.type === 'refusal' ? 'refusal' : reason
}

/** What a message used, as Anthropic counts. */
export interface MessageUsage {
  /** The tokens of the input that were neither read from a cache nor written into one. */
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly output_tokens: number
  readonly output_tokens_details: { readonly thinking_tokens: number } | null
  /** Present if the vendor reported nothing, and this server estimated the numbers. */
  readonly estimated?: true
}

/** What a job used. All counts are 0 if nobody knows: the API's types have no word for that. */
export function messageUsage(job: StoredFinalJob): MessageUsage {
  const { usage, isEstimated } = shownUsage(job)
  return usage ? { ...countsOf(usage), ...(isEstimated && { estimated: true }) } : NO_USAGE
}

/** The usage of a message whose answer has not begun. */
export const NO_USAGE: MessageUsage = countsOf({ inputTokens: 0, outputTokens: 0 })

function countsOf(usage: TokenUsage): MessageUsage {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens } = usage
  return {
    input_tokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
    output_tokens_details: reasoningTokens === undefined ? null : { thinking_tokens: reasoningTokens },
  }
}
