import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { aJob } from '../../../test/contracts/describe-job-repository.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { JsonFileJobRepository } from '../../storage/json-file/json-file-job-repository.ts'
import { finishJob, startJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { RetentionSweeper } from './retention-sweeper.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-06-01T12:00:00Z')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

async function openStore(): Promise<JsonFileJobRepository> {
  const jobs = await JsonFileJobRepository.open(join(await temporaryFolder(), 'jobs.json'))
  onTestFinished(() => jobs.close())
  return jobs
}

async function insertFinished(jobs: JobRepository, id: string, endedAt: number): Promise<void> {
  const job = aJob(id)
  const running = startJob(job, endedAt)
  await jobs.insert(job)
  await jobs.replace(running, { status: 'pending' })
  await jobs.replace(finishJob(running, running, { status: 'completed' }, endedAt), { status: 'running', run: 1 })
}

const sweeperOf = (jobs: JobRepository) =>
  new RetentionSweeper({ jobs, logger, retentionMs: HOUR_MS, clock: { now: () => NOW, elapsed: () => 0 } })

it('RetentionSweeper > removes finished jobs that are too old, and no others', async () => {
  const jobs = await openStore()
  await insertFinished(jobs, 'old', NOW - HOUR_MS - 1)
  await insertFinished(jobs, 'young', NOW - HOUR_MS)
  await jobs.insert(aJob('waiting since long', NOW - 99 * HOUR_MS))
  await sweeperOf(jobs).sweep()
  expect((await jobs.list({ limit: 9 })).map(({ id }) => id).sort()).toEqual(['waiting since long', 'young'])
})

it('RetentionSweeper > removes thousands of jobs in steps, between which other changes are stored', async () => {
  const jobs = await openStore()
  await Promise.all(Array.from({ length: 1200 }, (_, index) => insertFinished(jobs, `old-${index}`, NOW - 2 * HOUR_MS)))
  const swept = sweeperOf(jobs).sweep()
  await jobs.insert(aJob('new', NOW))
  // All were inserted before the sweep, and a single removal would have been stored before the insert.
  expect((await jobs.list({ limit: 2000 })).length).toBeGreaterThan(1)
  await swept
  expect((await jobs.list({ limit: 2000 })).map(({ id }) => id)).toEqual(['new'])
})

it('RetentionSweeper > does not reject when the store fails', async () => {
  const jobs = await openStore()
  await insertFinished(jobs, 'old', 0)
  await jobs.close()
  await expect(sweeperOf(jobs).sweep()).resolves.toBeUndefined()
})
