import { expect } from 'vitest'
import type { StoredPendingJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { EarlierStores } from '../support/earlier-stores.ts'
import { aDoorJob } from './describe-door-jobs.ts'
import { anItem } from './describe-items.ts'
import { aJob } from './stored-job.ts'

/** Stores that servers without doors made, and the item that two of their jobs refer to. */
const stores = new EarlierStores('before-doors')

/** Reads everything, then stores a job of a door beside it. */
async function expectEverything(jobs: JobRepository): Promise<void> {
  const expected = await stores.expectJobs(jobs)
  expect((await jobs.findPending(9)).map(({ id }) => id)).toEqual(['waiting'])
  const ledger = { from: '2026-11-26', to: '2026-11-26', groupBy: ['owner'], limit: 9 } as const
  const sums = await jobs.sumUsage(ledger)
  expect(sums.map(({ owner, jobs, usdBillionths }) => ({ owner, jobs, usdBillionths }))).toEqual([
    { owner: 'ann', jobs: 1, usdBillionths: 500_000_000 },
    { owner: 'bob', jobs: 3, usdBillionths: 750_000_000 },
  ])
  expect(await jobs.sweepItems(Date.now() + 86_400_000, 99)).toBe(0)
  const { id, bytes } = anItem(await stores.read('item'))
  expect(Buffer.from((await jobs.findItem(id)) ?? [])).toEqual(bytes)

  expect(await jobs.deleteHidden(Date.now(), 9)).toBe(0)
  expect(await jobs.replaceClient('waiting', { client: { process: 'one' } }, undefined)).toBe(true)
  const hidden = aDoorJob('hidden', { requestDigest: 'x', deleteAfter: new Date().toISOString() })
  await jobs.insert(hidden)
  expect(await jobs.findByRequest('x', 9)).toMatchObject([{ id: 'hidden' }])
  expect(await jobs.find('hidden')).toEqual(hidden)
  expect(await jobs.list({ limit: 99 })).toHaveLength(expected.length)

  expect(await jobs.findUnwatched(Date.now(), 9)).toEqual([])
  const until = '2026-11-28T10:00:00.000Z'
  const job: StoredPendingJob = {
    ...aJob('passed on'),
    fallbacks: [{ provider: 'echo', model: 'echo' }],
    waitingFor: { reason: 'overload', until },
    runState: { attempts: 1 },
    watchedUntil: until,
  }
  await jobs.insert(job)
  expect(await jobs.find('passed on')).toEqual(job)
  expect(await jobs.findUnwatched(Date.parse(until), 9)).toEqual([{ id: 'passed on' }])
  expect(await jobs.findPending(9)).toContainEqual(expect.objectContaining({ notBefore: Date.parse(until) }))
}

await stores.describe('a store of a server before doors', {
  expectEverything,
  document: /^\{"version":5,"removedUsage":/,
  item: anItem(await stores.read('item')).id,
})
