import type { Delivery } from '@promptlab/contract'
import { expect } from 'vitest'
import { finishJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import { BudgetExceededError } from '../../src/jobs/ports/caller-budget.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { EarlierStores } from '../support/earlier-stores.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob } from './stored-job.ts'

/** Stores that servers without budgets, webhooks and the feed made. */
const stores = new EarlierStores('before-budgets')

const NOW = Date.parse('2026-11-27T07:00:00.000Z')
const at = (ms: number) => new Date(NOW + ms).toISOString()
const BUDGET = {
  owner: 'ann',
  limits: [{ period: 'day', from: '2026-11-27', to: '2026-11-27', billionths: 1_000_000_000 }],
} as const

/** Reads everything, then stores a job of a caller with a budget, ends it, and tells of its end. */
async function expectEverything(jobs: JobRepository): Promise<void> {
  const expected = await stores.expectJobs(jobs)
  expect(await jobs.findUntold(Date.now(), 9)).toEqual([])

  // What jobs cost before counts, and what they may still cost does not.
  expect(await jobs.readBudget(BUDGET)).toEqual([{ limit: BUDGET.limits[0], spent: 750_000_000, reserved: 0 }])
  const waiting: Delivery = { id: 'msg_1', to: 'job', status: 'waiting', attempts: [] }
  const job: StoredPendingJob = {
    ...aJob('new', NOW),
    owner: 'ann',
    maxCostUsd: 0.25,
    webhook: { url: 'https://example.com/' },
    reserved: 250_000_000,
    deliveries: [waiting],
    notifyAt: at(0),
  }
  await expect(jobs.insert({ ...job, reserved: 250_000_001 }, undefined, BUDGET)).rejects.toThrow(BudgetExceededError)
  await jobs.insert(job, undefined, BUDGET)
  const running = startJob(job, NOW + 1)
  await jobs.replace(running, { status: 'pending' })
  await jobs.checkpoint([new GrowingJob(running).say('text').checkpoint])
  await jobs.replace(finishJob(running, running, { status: 'cancelled' }, NOW + 2), running)
  expect(await jobs.findUntold(NOW, 9)).toEqual([{ id: 'new', notifyAt: at(0) }])

  const taken = await jobs.takeOver({ id: 'running', run: 1 })
  if (!taken) throw new Error('the job of the fixture does not run')
  await jobs.replace(finishJob(taken, taken, { status: 'cancelled' }, NOW + 3), taken)
  const [first, second] = await jobs.findChanged({ limit: 9, after: { updatedAt: at(0), id: '' } })
  expect([first?.job, second?.job]).toMatchObject([
    { id: 'new', status: 'cancelled' },
    { id: 'running', status: 'cancelled' },
  ])
  const expiry = { endedBefore: NOW + 9, endedLongBefore: NOW + 9 }
  expect(await jobs.deleteExpired(expiry, 99)).toBe(expected.length - 1)
  expect(await jobs.find('new')).toMatchObject({ deliveries: [waiting] })
}

await stores.describe('a store of a server before budgets', {
  expectEverything,
  document: /^\{"version":6,"removedUsage":/,
})
