import type { JobMetrics } from '@promptlab/client'
import { costText } from '../chat/cost-text.ts'
import { billedTokens } from '../chat/figures.ts'
import type { CellJob } from './cells.ts'

/** The figures of a column. */
export interface ColumnFigures {
  /** Milliseconds of the jobs that completed; undefined if there is none. */
  readonly medianMs: number | undefined
  readonly p95Ms: number | undefined
  readonly tokens: number
  /** In words; undefined before anything is known. */
  readonly cost: string | undefined
  readonly ended: number
  readonly failed: number
}

/** The figures of the jobs of a column. */
export function figuresOf(jobs: readonly CellJob[]): ColumnFigures {
  const durations = jobs.flatMap(({ status, metrics }) =>
    status === 'completed' && metrics ? [metrics.durationMs] : [],
  )
  const metrics = jobs.flatMap((job) => job.metrics ?? [])
  return {
    medianMs: median(durations),
    p95Ms: percentile(durations, 95),
    tokens: metrics.reduce((sum, each) => sum + billedTokens(each), 0),
    cost: costOf(metrics),
    ended: jobs.filter(({ status }) => status !== 'pending' && status !== 'running').length,
    failed: jobs.filter(({ status }) => status === 'failed').length,
  }
}

export function median(numbers: readonly number[]): number | undefined {
  const sorted = numbers.toSorted((one, other) => one - other)
  const [lower, upper] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return lower === undefined || upper === undefined ? undefined : (lower + upper) / 2
}

/** The smallest of the numbers that at least so many percent of them do not exceed. */
export function percentile(numbers: readonly number[], percent: number): number | undefined {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
}

/** The sum of what is known; a cost that is not known is counted, never taken for 0. */
function costOf(metrics: readonly JobMetrics[]): string | undefined {
  const costs = metrics.flatMap(({ cost }) => cost ?? [])
  if (costs.length === 0) return undefined
  const known = costs.filter(({ usd }) => usd !== undefined)
  const unknown = costs.length - known.length
  if (known.length === 0) return 'unknown'
  const sum = costText({
    usd: known.reduce((total, { usd = 0 }) => total + usd, 0),
    priced: known.some(({ priced }) => priced === 'estimated') ? 'estimated' : 'exact',
  })
  return unknown === 0 ? sum : `${sum} and ${unknown} unknown`
}
