import { isFinal } from '@promptlab/contract'
import { z } from 'zod'
import type { StoredJob } from '../job.ts'
import { billionthsOf } from './billionths.ts'

const count = z.int().nonnegative()

/** What counts separately in the ledger. */
const UsageKey = z.object({
  /** The caller whose jobs they are. Empty for jobs without an owner. */
  owner: z.string(),
  provider: z.string(),
  model: z.string(),
  /** When the jobs ended, such as `2026-11-27`, in UTC. */
  day: z.iso.date(),
})
export type UsageKey = z.infer<typeof UsageKey>

/** What jobs used and cost. Tokens are those that vendors reported. */
export const UsageCounts = z.object({
  jobs: count,
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
  /** Billionths of a US dollar, of the jobs whose cost is known. */
  usdBillionths: count,
  /** Jobs whose cost is unknown. */
  unpricedJobs: count,
})
export type UsageCounts = z.infer<typeof UsageCounts>

/** An entry of the ledger: what jobs of one caller with one model used and cost that ended on one day. */
export const UsageEntry = z.strictObject({ ...UsageKey.shape, ...UsageCounts.shape })
export type UsageEntry = z.infer<typeof UsageEntry>

export const COUNTS = UsageCounts.keyof().options

/**
 * What a job adds to the ledger, a function of its final record alone. Undefined if it has not ended or cost nothing: then
 * it has no entry, so that requests that vendors refuse, with any names of models, leave nothing behind.
 */
export function usageOf(job: StoredJob): UsageEntry | undefined {
  if (!isFinal(job)) return undefined
  const { owner = '', provider, model, metrics, updatedAt } = job
  const { cost, usage } = metrics
  if (!cost || (cost.usd === 0 && !usage)) return undefined
  return {
    owner,
    provider,
    model,
    day: updatedAt.slice(0, 10),
    jobs: 1,
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    cachedInputTokens: usage?.cachedInputTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    usdBillionths: billionthsOf(cost.usd ?? 0),
    unpricedJobs: cost.usd === undefined ? 1 : 0,
  }
}
