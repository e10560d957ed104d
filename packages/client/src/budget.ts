import { isObject } from './job.ts'

/** How a limit of your budget stands, in US dollars. */
export interface BudgetLimit {
  period: 'day' | 'month'
  /** The first and the last day of the time, in UTC, such as `2026-11-27`. */
  from: string
  to: string
  limitUsd: number
  /** What jobs cost that ended in the time, also those that were deleted since. */
  spentUsd: number
  /** What jobs may still cost that have not ended. */
  reservedUsd: number
  /** What a new job may cost at most. */
  leftUsd: number
}

export function isBudgetReport(value: unknown): value is { data: BudgetLimit[] } {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isObject)
}
