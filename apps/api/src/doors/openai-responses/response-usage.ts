import type { TokenUsage } from '@promptlab/contract'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { shownUsage } from '../shown-usage.ts'

/** The usage of a response. */
export interface ResponseUsage {
  readonly input_tokens: number
  readonly input_tokens_details: { readonly cached_tokens: number }
  readonly output_tokens: number
  readonly output_tokens_details: { readonly reasoning_tokens: number }
  readonly total_tokens: number
  /** Present if the vendor reported nothing, and this server estimated the numbers. */
  readonly estimated?: true
}

/** What a job used; null if nobody knows. */
export function responseUsage(job: StoredFinalJob): ResponseUsage | null {
  const { usage, isEstimated } = shownUsage(job)
  return usage ? { ...usageOf(usage), ...(isEstimated && { estimated: true }) } : null
}

function usageOf({ inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0 }: TokenUsage): ResponseUsage {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  }
}
