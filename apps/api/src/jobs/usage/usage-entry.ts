import { type Cost, type Fallback, type FinalJob, isFinal, type TokenUsage } from '@promptlab/contract'
import { z } from 'zod'
import { answererOf } from '../answerer.ts'
import type { StoredJob } from '../job.ts'
import { billionthsOf, usdOf } from './billionths.ts'

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
 * What a job adds to the ledger, a function of its final record alone: an entry for whoever answered, and one for each other
 * provider and model whose calls cost something. There is none for a job that has not ended or cost nothing, so that requests
 * that vendors refuse, with any names of models, leave nothing behind.
 * @returns no two entries of the same provider and model, in the order of their names
 */
export function usagesOf(job: StoredJob): readonly UsageEntry[] {
  if (!isFinal(job)) return NONE
  const { owner = '', metrics, updatedAt } = job
  const { cost, usage } = metrics
  if (!cost || (cost.usd === 0 && !usage)) return NONE
  const answerer = answererOf(job)
  const asked = [...costsOf(job, answerer)].filter(([, { usd }], index) => index === 0 || usd !== 0)
  // A job whose cost is unknown counts once.
  const unpriced = asked.findIndex(([, { usd }]) => usd === undefined)
  return asked
    .map(([{ provider, model }, { usd = 0 }], index) => ({
      owner,
      provider,
      model,
      day: updatedAt.slice(0, 10),
      ...(index === 0 ? { jobs: 1, ...tokensOf(usage) } : { jobs: 0, ...tokensOf(undefined) }),
      usdBillionths: billionthsOf(usd),
      unpricedJobs: index === unpriced ? 1 : 0,
    }))
    .toSorted((a, b) => (a.provider === b.provider ? compare(a.model, b.model) : compare(a.provider, b.provider)))
}

/** An amount; undefined if it is unknown. */
type Spent = Pick<Cost, 'usd'>

/** What the calls of each provider and model cost, of the one that answered first. */
function costsOf({ metrics: { cost, calls = [], answeredBy } }: FinalJob, answerer: Fallback) {
  // The calls of a job without fallbacks are all of one provider and model.
  if (!answeredBy) return new Map<Fallback, Spent>([[answerer, cost ?? NOTHING]])
  const byName = Map.groupBy(calls, ({ provider, model }) => JSON.stringify([provider, model]))
  const own = JSON.stringify([answerer.provider, answerer.model])
  const others = [...byName].flatMap(([name, [first]]) => (name === own || !first ? [] : [[name, first] as const]))
  const costOf = (name: string) => sumOf(byName.get(name)?.flatMap((call) => call.cost ?? []) ?? [])
  return new Map<Fallback, Spent>([
    [answerer, costOf(own)],
    ...others.map(([name, called]) => [called, costOf(name)] as const),
  ])
}

/** Unknown if the cost of one call is. */
function sumOf(costs: readonly Cost[]): Spent {
  if (costs.some(({ usd }) => usd === undefined)) return {}
  return { usd: usdOf(costs.reduce((sum, { usd = 0 }) => sum + billionthsOf(usd), 0)) }
}

/** One list for all jobs, of which a store keeps many in memory. */
const NONE: UsageEntry[] = []
const NOTHING: Spent = { usd: 0 }

function tokensOf(usage: TokenUsage | undefined) {
  return {
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    cachedInputTokens: usage?.cachedInputTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
