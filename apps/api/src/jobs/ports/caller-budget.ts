import { ApiError } from '../../base/api-error.ts'
import { usdOf } from '../usage/billionths.ts'

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

/** A budget does not have what a new job may cost. */
export class BudgetExceededError extends ApiError {
  override readonly name = 'BudgetExceededError'

  /**
   * @param state of the limit that is exceeded
   * @param wanted what the job would reserve, in billionths of a US dollar
   */
  constructor({ limit, spent, reserved }: BudgetState, wanted: number) {
    const left = Math.max(0, limit.billionths - spent - reserved)
    const amounts = `The job may cost ${usd(wanted)}, and ${usd(left)} of your ${usd(limit.billionths)} a ${limit.period} is left`
    const held = reserved > 0 ? ` while other jobs hold ${usd(reserved)}` : ''
    super('budget-exceeded', `${amounts}${held}. Set a smaller maxCostUsd or options.maxTokens, or wait.`)
  }
}

function usd(billionths: number): string {
  return `$${usdOf(billionths)}`
}
