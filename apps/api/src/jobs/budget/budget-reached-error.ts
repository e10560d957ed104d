import type { Fallback } from '@promptlab/contract'
import { dollarsOf } from '../usage/billionths.ts'

/** Ends a run whose job has cost what it may cost, or would. */
export class BudgetReachedError extends Error {
  override readonly name = 'BudgetReachedError'

  /** @param ceiling the most that the job may cost, in billionths of a US dollar */
  static stopped(ceiling: number): BudgetReachedError {
    return new BudgetReachedError(
      `The job was stopped because its cost reached ${dollarsOf(ceiling)}, the most that it may cost. What came until then was kept; set a larger maxCostUsd for more.`,
    )
  }

  /**
   * @param limit of tokens, at which the vendor ended the answer
   * @param ceiling the most that the job may cost, in billionths of a US dollar
   */
  static cut(limit: number, ceiling: number): BudgetReachedError {
    return new BudgetReachedError(
      `The answer ended at ${limit} tokens, the most that the job affords: it may cost ${dollarsOf(ceiling)}. What came until then was kept; set a larger maxCostUsd for more.`,
    )
  }

  /** @param left what the job may still cost, in billionths of a US dollar */
  static unaffordable(ceiling: number, left: number, { provider, model }: Fallback): BudgetReachedError {
    return new BudgetReachedError(
      `${dollarsOf(Math.max(0, left))} is left of the ${dollarsOf(ceiling)} that the job may cost, and its input may cost more with ${provider}/${model}. Set a larger maxCostUsd, or shorten the input.`,
    )
  }

  static unpriced({ provider, model }: Fallback): BudgetReachedError {
    return new BudgetReachedError(
      `The server knows no price of ${provider}/${model} any more, so the cost of the job could not be limited. Its operator can set one in PRICES_FILE.`,
    )
  }
}
