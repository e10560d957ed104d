import { join } from 'node:path'
import type { Delivery } from '@promptlab/contract'
import { expect, it, onTestFinished } from 'vitest'
import { aJob, insertFinished } from '../../../test/contracts/stored-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { JsonFileJobRepository } from '../../storage/json-file/json-file-job-repository.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Webhooks } from '../ports/webhooks.ts'
import { RetentionSweeper } from './retention-sweeper.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-06-01T12:00:00Z')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

async function openStore(): Promise<JsonFileJobRepository> {
  const jobs = await JsonFileJobRepository.open(join(await temporaryFolder(), 'jobs.json'))
  onTestFinished(() => jobs.close())
  return jobs
}

const sweeperOf = (jobs: JobRepository, webhooks?: Webhooks) =>
  new RetentionSweeper({
    jobs,
    webhooks,
    logger,
    retention: { jobMs: HOUR_MS, maxMs: 10 * HOUR_MS },
    clock: { now: () => NOW, elapsed: () => 0 },
  })

it('RetentionSweeper > removes finished jobs that are too old, and no others', async () => {
  const jobs = await openStore()
  await insertFinished(jobs, aJob('old'), NOW - HOUR_MS - 1)
  await insertFinished(jobs, aJob('young'), NOW - HOUR_MS)
  await jobs.insert(aJob('waiting since long', NOW - 99 * HOUR_MS))
  await sweeperOf(jobs).sweep()
  expect((await jobs.list({ limit: 9 })).map(({ id }) => id).sort()).toEqual(['waiting since long', 'young'])
})

it('RetentionSweeper > keeps the jobs of a conversation that goes on, up to the longest time', async () => {
  const jobs = await openStore()
  await insertFinished(jobs, aJob('very old'), NOW - 10 * HOUR_MS - 1)
  await insertFinished(jobs, { ...aJob('old'), previousJobId: 'very old' }, NOW - 2 * HOUR_MS)
  await insertFinished(jobs, { ...aJob('young'), previousJobId: 'old' }, NOW - 1)
  await sweeperOf(jobs).sweep()
  expect((await jobs.list({ limit: 9 })).map(({ id }) => id).sort()).toEqual(['old', 'young'])
})

it('RetentionSweeper > keeps a job whose end is still to be told, if anybody tells it', async () => {
  const jobs = await openStore()
  const delivery: Delivery = { id: 'msg_1', to: 'server', status: 'waiting', attempts: [] }
  const told = { ...aJob('told'), deliveries: [delivery], notifyAt: new Date(NOW).toISOString() }
  await insertFinished(jobs, told, NOW - 2 * HOUR_MS)
  const webhooks: Webhooks = {
    hasServerReceiver: true,
    refusalOf: () => undefined,
    hostOf: () => undefined,
    send: async () => ({ status: 204 }),
  }
  await sweeperOf(jobs, webhooks).sweep()
  expect(await jobs.list({ limit: 9 })).toHaveLength(1)
  await sweeperOf(jobs).sweep()
  expect(await jobs.list({ limit: 9 })).toEqual([])
})

it('RetentionSweeper > removes thousands of jobs in steps, between which other changes are stored', async () => {
  const jobs = await openStore()
  await Promise.all(
    Array.from({ length: 1200 }, (_, index) => insertFinished(jobs, aJob(`old-${index}`), NOW - 2 * HOUR_MS)),
  )
  const swept = sweeperOf(jobs).sweep()
  await jobs.insert(aJob('new', NOW))
  // All were inserted before the sweep, and a single removal would have been stored before the insert.
  expect((await jobs.list({ limit: 2000 })).length).toBeGreaterThan(1)
  await swept
  expect((await jobs.list({ limit: 2000 })).map(({ id }) => id)).toEqual(['new'])
})

it('RetentionSweeper > does not reject when the store fails', async () => {
  const jobs = await openStore()
  await insertFinished(jobs, aJob('old'), 0)
  await jobs.close()
  await expect(sweeperOf(jobs).sweep()).resolves.toBeUndefined()
})
