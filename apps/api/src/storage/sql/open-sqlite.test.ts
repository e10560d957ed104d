import { join } from 'node:path'
import { describeJobRepository } from '../../../test/describe-job-repository.ts'
import { temporaryFolder } from '../../../test/temporary-folder.ts'
import { openSqliteJobs } from './open-sqlite.ts'

const newFile = async () => join(await temporaryFolder(), 'jobs.db')

describeJobRepository('SqlJobRepository on SQLite', async () => {
  const path = await newFile()
  return { open: () => openSqliteJobs(path) }
})
