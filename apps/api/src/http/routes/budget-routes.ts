import { BudgetReport } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Clock } from '../../base/clock.ts'
import type { Budgets } from '../../jobs/budget/budgets.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { reportBudget } from '../../jobs/read/budget-report.ts'

interface BudgetRoutesOptions {
  jobs: Pick<JobRepository, 'readBudget'>
  /** Undefined: no caller has a budget. */
  budgets: Budgets | undefined
  clock: Pick<Clock, 'now'>
}

/** The route of `/budget`: what a caller may still spend. */
export const budgetRoutes: FastifyPluginAsyncZod<BudgetRoutesOptions> = async (app, { jobs, budgets, clock }) => {
  app.get('/', { schema: { response: { 200: BudgetReport } } }, async ({ caller }) =>
    reportBudget(jobs, budgets?.of(caller, clock.now())),
  )
}
