import type { Delivery } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { aDoorJob } from './describe-door-jobs.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, completed, type NewStore, openStore } from './stored-job.ts'

const at = (ms: number) => new Date(CREATED_AT + ms).toISOString()

const WAITING: Delivery = { id: 'msg_1', to: 'job', status: 'waiting', attempts: [] }
const TRIED: Delivery = {
  ...WAITING,
  attempts: [
    { at: at(20), durationMs: 3, status: 500 },
    { at: at(30), durationMs: 5_000, error: 'timeout' },
  ],
  nextAttemptAt: at(900),
}
const DELIVERED: Delivery = { ...WAITING, status: 'delivered', attempts: [{ at: at(20), durationMs: 3, status: 204 }] }

const everything: StoredPendingJob = {
  ...aJob('all'),
  maxCostUsd: 0.25,
  webhook: { url: 'https://example.com/hooks?a=\ud83d%20🙂' },
  rerunOf: 'first',
  forkOf: { jobId: 'a\0b', at: 12 },
  reserved: 250_000_000,
  deliveries: [WAITING, { ...TRIED, id: 'msg_2', to: 'server' }],
  notifyAt: at(0),
}

/** A job whose end is to be told. */
function told(id: string, notifyMs = 0): StoredPendingJob {
  return { ...aJob(id), webhook: { url: 'https://example.com/' }, deliveries: [WAITING], notifyAt: at(notifyMs) }
}

async function end(jobs: JobRepository, job: StoredPendingJob): Promise<void> {
  expect(await jobs.replace(startJob(job, CREATED_AT), { status: 'pending' })).toBe(true)
  expect(await jobs.replace(completed(job, 'text'), { status: 'running', run: 1 })).toBe(true)
}

/** Limits of cost, webhooks, origins and deliveries, which are stored with a job. */
export function describeDeliveries(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('a limit of the cost, a webhook, an origin and deliveries', () => {
    it('are found with the job in each of its states, also after a restart, whatever these states say', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(everything)
      expect(await first.find('all')).toEqual(everything)
      const running = startJob(everything, CREATED_AT)
      const bare = startJob(aJob('all'), CREATED_AT)
      await first.replace({ ...bare, deliveries: [DELIVERED], notifyAt: at(5) }, { status: 'pending' })
      expect(await first.find('all')).toEqual(running)
      const grown = new GrowingJob(running).say('so far')
      await first.checkpoint([grown.checkpoint])
      await first.close()

      const second = await store.open()
      expect(await second.find('all')).toEqual(grown.now)
      expect(await second.takeOver({ id: 'all', run: 1 })).toEqual({ ...grown.now, run: 2 })
      const { run: _, ...done } = completed(aJob('all'), 'text')
      await second.replace({ ...done, run: 2, webhook: { url: 'https://example.org/' } }, { status: 'running', run: 2 })
      const { reserved: _r, ...kept } = completed(everything, 'text')
      expect(await second.find('all')).toEqual({ ...kept, run: 2 })
      await second.close()
      expect(await (await openStore(store)).find('all')).toEqual({ ...kept, run: 2 })
    })

    it('are not in lists, but for the origin', async () => {
      const jobs = await openNew()
      await jobs.insert(everything)
      const [listed] = await jobs.list({ limit: 9 })
      expect(listed).toMatchObject({ rerunOf: everything.rerunOf, forkOf: everything.forkOf })
      for (const field of ['maxCostUsd', 'webhook', 'reserved', 'deliveries', 'notifyAt'])
        expect(listed).not.toHaveProperty(field)
    })

    it('are not given to a job that had none by a later state', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('all'))
      await jobs.replace(startJob(everything, CREATED_AT), { status: 'pending' })
      expect(await jobs.find('all')).toEqual(startJob(aJob('all'), CREATED_AT))
      expect(await jobs.findUntold(CREATED_AT + 999_999, 9)).toEqual([])
    })
  })

  describe('a job whose end is to be told', () => {
    it('is found once it has ended and its time has come, those first that are due longest', async () => {
      const store = await newStore()
      const first = await store.open()
      for (const [id, ms] of Object.entries({ c: 30, a: 10, b: 20, later: 500, waiting: 1, running: 1 }))
        await first.insert(told(id, ms))
      await first.insert(aDoorJob('hidden', { ...told('hidden', 25), deleteAfter: at(99) }))
      await first.insert(aJob('untold'))
      const untold = (ms: number, limit = 9) => first.findUntold(CREATED_AT + ms, limit)
      expect(await untold(999)).toEqual([])
      for (const id of ['c', 'a', 'b', 'later', 'untold']) await end(first, aJob(id))
      await end(first, aDoorJob('hidden', {}))
      await first.replace(startJob(told('running', 1), CREATED_AT), { status: 'pending' })
      const [a, b, c] = [
        { id: 'a', notifyAt: at(10) },
        { id: 'b', notifyAt: at(20) },
        { id: 'c', notifyAt: at(30) },
      ]
      const hidden = { id: 'hidden', notifyAt: at(25) }
      expect(await untold(9)).toEqual([])
      expect(await untold(10)).toEqual([a])
      expect(await untold(30)).toEqual([a, b, hidden, c])
      expect(await untold(30, 2)).toEqual([a, b])
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.findUntold(CREATED_AT + 30, 9)).toEqual([a, b, hidden, c])
      await jobs.deleteFinal('b')
      expect(await jobs.findUntold(CREATED_AT + 30, 9)).toEqual([a, hidden, c])
    })

    it('is told by exactly one of many that try at once', async () => {
      const jobs = await openNew()
      await jobs.insert(told('a'))
      await end(jobs, aJob('a'))
      const claims = Array.from({ length: 20 }, (_, index) =>
        jobs.replaceDeliveries('a', { notifyAt: at(60_000 + index) }, at(0)),
      )
      const claimed = await Promise.all(claims)
      expect(claimed.filter(Boolean)).toHaveLength(1)
      const notifyAt = at(60_000 + claimed.indexOf(true))
      expect(await jobs.find('a')).toEqual({ ...completed(told('a'), 'text'), notifyAt })
      expect(await jobs.findUntold(CREATED_AT + 59_999, 9)).toEqual([])
      expect(await jobs.findUntold(CREATED_AT + 99_999, 9)).toEqual([{ id: 'a', notifyAt }])
    })

    it('keeps what each attempt brought, until no further one is due, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(told('a'))
      await end(first, aJob('a'))
      expect(await first.replaceDeliveries('a', { notifyAt: at(100) }, at(0))).toBe(true)
      expect(await first.replaceDeliveries('a', { deliveries: [TRIED], notifyAt: at(900) }, at(0))).toBe(false)
      expect(await first.replaceDeliveries('a', { deliveries: [TRIED], notifyAt: at(900) }, at(100))).toBe(true)
      await first.close()
      const second = await store.open()
      const final = completed(told('a'), 'text')
      expect(await second.find('a')).toEqual({ ...final, deliveries: [TRIED], notifyAt: at(900) })
      expect(await second.findUntold(CREATED_AT + 899, 9)).toEqual([])
      expect(await second.findUntold(CREATED_AT + 900, 9)).toEqual([{ id: 'a', notifyAt: at(900) }])
      expect(await second.replaceDeliveries('a', { deliveries: [DELIVERED] }, at(900))).toBe(true)
      const { notifyAt: _, ...over } = final
      expect(await second.find('a')).toEqual({ ...over, deliveries: [DELIVERED] })
      expect(await second.findUntold(CREATED_AT + 9_999, 9)).toEqual([])
      for (const from of [at(0), at(900)])
        expect(await second.replaceDeliveries('a', { notifyAt: at(1) }, from)).toBe(false)
      expect(await second.replaceDeliveries('unknown', { notifyAt: at(1) }, at(0))).toBe(false)
      await second.close()
      expect(await (await openStore(store)).find('a')).toEqual({ ...over, deliveries: [DELIVERED] })
    })

    it('leaves the state, the ledger and the time of the change alone', async () => {
      const jobs = await openNew()
      const job = { ...told('a'), owner: 'ann', reserved: 9 }
      const running = startJob(job, CREATED_AT)
      await jobs.insert(running)
      const grown = new GrowingJob(running).say('so ')
      await jobs.checkpoint([grown.checkpoint])
      await Promise.all([
        jobs.replaceDeliveries('a', { deliveries: [TRIED], notifyAt: at(7) }, at(0)),
        jobs.checkpoint([grown.confirm().say('far').checkpoint]),
      ])
      expect(await jobs.find('a')).toEqual({ ...grown.now, deliveries: [TRIED], notifyAt: at(7) })
      const metrics = { ...running.metrics, cost: { usd: 1, priced: 'exact' as const } }
      const { reserved: _, ...final } = { ...completed(job, 'text'), metrics }
      await jobs.replace(final, running)
      const ledger = { from: '2026-01-01', to: '2026-12-31', groupBy: ['owner'], limit: 9 } as const
      const [sums, changes] = [
        await jobs.sumUsage(ledger),
        await jobs.findChanged({ limit: 9, after: { updatedAt: at(0), id: '' } }),
      ]
      await jobs.replaceDeliveries('a', { deliveries: [DELIVERED] }, at(7))
      expect(await jobs.sumUsage(ledger)).toEqual(sums)
      expect(await jobs.findChanged({ limit: 9, after: { updatedAt: at(0), id: '' } })).toEqual(changes)
      const { notifyAt: _n, ...over } = final
      expect(await jobs.find('a')).toEqual({ ...over, deliveries: [DELIVERED] })
    })

    it('does not expire, but may be deleted, and is removed in time if it is hidden', async () => {
      const jobs = await openNew()
      for (const id of ['a', 'b', 'c']) await jobs.insert(told(id))
      await jobs.insert(aDoorJob('hidden', { deleteAfter: at(1) }))
      await jobs.insert(aJob('plain'))
      for (const id of ['a', 'b', 'c', 'plain']) await end(jobs, aJob(id))
      await end(jobs, aDoorJob('hidden', { deleteAfter: at(1) }))
      await jobs.replaceDeliveries('b', { deliveries: [DELIVERED] }, at(0))
      expect(await jobs.deleteHidden(CREATED_AT + 1, 9)).toBe(1)
      const later = CREATED_AT + 999_999
      const expired = Promise.all([
        jobs.deleteExpired({ endedBefore: later, endedLongBefore: later }, 9),
        jobs.deleteExpired({ endedBefore: later, endedLongBefore: 0 }, 9),
      ])
      expect((await expired).reduce((sum, count) => sum + count, 0)).toBe(2)
      expect((await jobs.list({ limit: 9 })).map(({ id }) => id)).toEqual(['c', 'a'])
      expect(await jobs.deleteExpired({ endedBefore: 0, endedLongBefore: 0, evenUntold: true }, 9)).toBe(0)
      expect(await jobs.deleteFinal('a')).toBe(true)
      expect(await jobs.replaceDeliveries('a', { deliveries: [DELIVERED] }, at(0))).toBe(false)
      expect(await jobs.replaceDeliveries('c', {}, at(0))).toBe(true)
      expect(await jobs.deleteExpired({ endedBefore: later, endedLongBefore: later }, 9)).toBe(1)
      await jobs.insert(told('d'))
      await end(jobs, aJob('d'))
      expect(await jobs.deleteExpired({ endedBefore: later, endedLongBefore: later }, 9)).toBe(0)
      expect(await jobs.deleteExpired({ endedBefore: later, endedLongBefore: later, evenUntold: true }, 9)).toBe(1)
    })
  })
}
