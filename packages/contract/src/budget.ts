import { z } from 'zod'

const usd = z.number().nonnegative()

/** How a limit of a caller's budget stands. */
export const BudgetRow = z.object({
  period: z.enum(['day', 'month']),
  from: z.iso.date().describe('The first day of the time, in UTC.'),
  to: z.iso.date().describe('The last day of the time.'),
  limitUsd: usd.describe('US dollars, as all amounts here.'),
  spentUsd: usd.describe('What your jobs cost that ended in this time, also those that were deleted since.'),
  reservedUsd: usd.describe('What your jobs may still cost that have not ended.'),
  leftUsd: usd.describe('What a new job may cost at most.'),
})
export type BudgetRow = z.infer<typeof BudgetRow>

/** What a caller may still spend. */
export const BudgetReport = z.object({ data: z.array(BudgetRow).describe('Empty if you have no budget.') })
export type BudgetReport = z.infer<typeof BudgetReport>
