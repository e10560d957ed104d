import type { UsageQuery, UsageReport, UsageRow } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { usdOf } from '../usage/billionths.ts'
import { dayOf } from '../usage/day.ts'
import type { UsageSum } from '../usage/ledger.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30
const MAX_DAYS = 366
/** The names of models may be chosen by callers, so there may be any number of rows. */
const MAX_ROWS = 10_000

/** Whose jobs are in a report: those of one caller, those of all callers, each for itself, or all jobs together. */
export type UsageScope = { readonly caller: string } | 'each-caller' | 'all-together'

/**
 * What ended jobs used and cost, also those that were removed since.
 * @param now milliseconds since the epoch
 * @throws ApiError `invalid-request` the days are in the wrong order or too many, or there are too many rows
 * @throws StorageUnavailableError
 */
export async function reportUsage(
  jobs: Pick<JobRepository, 'sumUsage'>,
  query: UsageQuery,
  scope: UsageScope,
  now: number,
): Promise<UsageReport> {
  const { groupBy } = query
  const to = query.to ?? dayOf(now)
  const from = query.from ?? dayOf(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS)
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  if (days < 1) refuse('from', `Must not be after the last day, which is ${to}`)
  if (days > MAX_DAYS) refuse('from', `Must be at most ${MAX_DAYS} days before the last day, which is ${to}`)
  const sums = await jobs.sumUsage({
    from,
    to,
    ...(typeof scope === 'object' && { owner: scope.caller }),
    groupBy: [...(scope === 'each-caller' ? (['owner'] as const) : []), ...FIELDS[groupBy]],
    limit: MAX_ROWS + 1,
  })
  // Not a part of them: its sum would look like the whole.
  if (sums.length > MAX_ROWS) refuse('from', `More than ${MAX_ROWS} rows; ask for fewer days, or group by day`)
  return { from, to, groupBy, data: sums.map(rowOf) }
}

const FIELDS = { model: ['provider', 'model'], day: ['day'] } as const

function rowOf({ owner, provider = '', model = '', day, usdBillionths, ...counts }: UsageSum): UsageRow {
  // Calls of jobs that a fallback answered cost something where no job counts.
  const isPriced = usdBillionths > 0 || counts.jobs > counts.unpricedJobs
  const spent = { ...counts, ...(isPriced && { usd: usdOf(usdBillionths) }) }
  const caller = owner ? { caller: owner } : {}
  return day === undefined ? { ...caller, provider, model, ...spent } : { ...caller, day, ...spent }
}

function refuse(path: string, message: string): never {
  throw new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}
