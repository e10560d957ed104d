import { UsageQuery, UsageReport } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Clock } from '../../base/clock.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { reportUsage } from '../../jobs/read/usage-report.ts'

interface UsageRoutesOptions {
  jobs: Pick<JobRepository, 'sumUsage'>
  clock: Pick<Clock, 'now'>
}

/** The route of `/usage`: what jobs used and cost. A caller sees its own, the holder of the metrics key those of each caller. */
export const usageRoutes: FastifyPluginAsyncZod<UsageRoutesOptions> = async (app, { jobs, clock }) => {
  app.get(
    '/',
    { config: { access: 'key-or-metrics-key' }, schema: { querystring: UsageQuery, response: { 200: UsageReport } } },
    async ({ query, caller, hasMetricsKey }) => {
      const ofCaller = caller === undefined ? 'all-together' : { caller }
      return await reportUsage(jobs, query, hasMetricsKey ? 'each-caller' : ofCaller, clock.now())
    },
  )
}
