import type { BudgetReport } from '@promptlab/contract'
import { type CallerBudget, leftOf } from '../ports/caller-budget.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { usdOf } from '../usage/billionths.ts'

/**
 * How the limits of a budget stand.
 * @param budget undefined if the caller has none
 */
export async function reportBudget(
  jobs: Pick<JobRepository, 'readBudget'>,
  budget: CallerBudget | undefined,
): Promise<BudgetReport> {
  const states = budget ? await jobs.readBudget(budget) : []
  return {
    data: states.map((state) => {
      const { period, from, to, billionths } = state.limit
      return {
        period,
        from,
        to,
        limitUsd: usdOf(billionths),
        spentUsd: usdOf(state.spent),
        reservedUsd: usdOf(state.reserved),
        leftUsd: usdOf(leftOf(state)),
      }
    }),
  }
}
