import { describeJobRepository } from '../../../test/describe-job-repository.ts'
import { withPostgres } from '../../../test/test-postgres.ts'
import { openPostgresJobs } from './open-postgres.ts'

const logger = { info: () => {}, warn: () => {} }

await withPostgres((newDatabase) => {
  for (const shared of [false, true]) {
    describeJobRepository(`SqlJobRepository on PostgreSQL, ${shared ? 'shared' : 'alone'}`, async () => {
      const url = await newDatabase()
      return { open: () => openPostgresJobs(url, { logger, shared }) }
    })
  }
})
