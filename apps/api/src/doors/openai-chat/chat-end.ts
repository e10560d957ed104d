import type { Fallback } from '@promptlab/contract'
import { partsOf } from '../../jobs/answer/stored-answer.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import { finishOf } from '../finish.ts'
import { shownUsage } from '../shown-usage.ts'

/**
 * The model as the caller named it. For jobs of other doors it is `provider/model`.
 * @param answeredBy the fallback that answered, if one did
 */
export function modelNameOf(
  { door, provider, model }: Pick<StoredJob, 'door' | 'provider' | 'model'>,
  answeredBy?: Fallback,
): string {
  if (answeredBy) return `${answeredBy.provider}/${answeredBy.model}`
  const asked = door?.name === 'openai-chat' ? door.echo?.['model'] : undefined
  return typeof asked === 'string' ? asked : `${provider}/${model}`
}

/** When a job was made, in whole seconds since the epoch. */
export function createdSecondsOf({ createdAt }: Pick<StoredJob, 'createdAt'>): number {
  return Math.floor(Date.parse(createdAt) / 1000)
}

export type ChatFinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls'

/** Why the model stopped. A refusal is an ordinary end here, and is told by the field `refusal`. */
export function finishReasonOf(job: StoredFinalJob): ChatFinishReason {
  switch (finishOf(job)) {
    case 'length':
      return 'length'
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    case 'stop':
    case 'refusal':
      return 'stop'
    default:
      return partsOf(job).some(({ type }) => type === 'tool-call') ? 'tool_calls' : 'stop'
  }
}

/** What the answer used; undefined if nobody knows. */
export function chatUsageOf(job: StoredFinalJob) {
  const { usage, isEstimated } = shownUsage(job)
  if (!usage) return undefined
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens, reasoningTokens = 0 } = usage
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: {
      cached_tokens: cachedInputTokens,
      ...(cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
    ...(isEstimated && { estimated: true }),
  }
}

/** Clients parse arguments as JSON, also those of tools without any, for which some vendors send nothing. */
export const NO_ARGUMENTS = '{}'
