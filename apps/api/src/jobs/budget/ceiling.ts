import type { StoredJob } from '../job.ts'
import { billionthsOf } from '../usage/billionths.ts'

/** The most that a job may cost, in billionths of a US dollar. Undefined: any amount. */
export function ceilingOf({ reserved, maxCostUsd }: Pick<StoredJob, 'reserved' | 'maxCostUsd'>): number | undefined {
  return reserved ?? (maxCostUsd === undefined ? undefined : billionthsOf(maxCostUsd))
}
