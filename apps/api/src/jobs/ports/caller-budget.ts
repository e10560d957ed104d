import { ApiError } from '../../base/api-error.ts'
import { dollarsOf } from '../usage/billionths.ts'

/** What a caller may spend in a time. */
export interface BudgetLimit {
  readonly period: 'day' | 'month'
  /** The first and the last day of the time, such as `2026-11-27`, in UTC. */
  readonly from: string
  readonly to: string
  /** Billionths of a US dollar. */
  readonly billionths: number
}

/** The budget of a caller, of which a new job reserves its share. */
export interface CallerBudget {
  readonly owner: string
  readonly limits: readonly BudgetLimit[]
}

/** How a limit stands. All amounts are billionths of a US dollar. */
export interface BudgetState {
  readonly limit: BudgetLimit
  /** What jobs cost that ended in the time, from the ledger. */
  readonly spent: number
  /** What jobs may still cost that have not ended, whenever they were made. */
  readonly reserved: number
}

/** What a limit has left for a new job, in billionths of a US dollar. */
export function leftOf({ limit, spent, reserved }: BudgetState): number {
  return Math.max(0, limit.billionths - spent - reserved)
}

/**
 * Checks that each limit has left what a new job would reserve.
 * @param wanted billionths of a US dollar
 * @throws BudgetExceededError
 */
export function checkLeft(states: readonly BudgetState[], wanted: number): void {
  for (const state of states)
    if (state.spent + state.reserved + wanted > state.limit.billionths) throw new BudgetExceededError(state, wanted)
}

/** A budget does not have what a new job may cost. */
export class BudgetExceededError extends ApiError {
  override readonly name = 'BudgetExceededError'

  /**
   * @param state of the limit that is exceeded
   * @param wanted what the job would reserve, in billionths of a US dollar
   */
  constructor({ limit, spent, reserved }: BudgetState, wanted: number) {
    const left = leftOf({ limit, spent, reserved })
    const amounts = `The job may cost ${dollarsOf(wanted)}, and ${dollarsOf(left)} of your ${dollarsOf(limit.billionths)} a ${limit.period} is left`
    const held = reserved > 0 ? ` while other jobs hold ${dollarsOf(reserved)}` : ''
    super(
      'budget-exceeded',
      `${amounts}${held}. Set a smaller maxCostUsd or options.maxTokens${later(limit, reserved, wanted)}.`,
    )
  }
}

/** When the same request may be taken, if there is such a time. */
function later({ period, billionths }: BudgetLimit, reserved: number, wanted: number): string {
  if (wanted > billionths) return ''
  return reserved > 0 ? ', or wait until some of them have ended' : `, or wait until the next ${period} in UTC`
}
