import { describe, expect, it } from 'vitest'
import { startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import type { JobQuery } from '../../src/jobs/ports/stored-values.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, completed, type NewStore, openStore } from './stored-job.ts'

/** Lists of jobs, of all callers and of one. */
export function describeJobLists(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('lists', () => {
    const ids = async (jobs: JobRepository, query: JobQuery) => (await jobs.list(query)).map(({ id }) => id)

    it('jobs newest first, and jobs of the same time by id', async () => {
      const jobs = await openNew()
      for (const [id, at] of [
        ['b', 1],
        ['c', 0],
        ['d', 1],
        ['a', 1],
        ['e', 2],
      ] as const) {
        await jobs.insert(aJob(id, CREATED_AT + at))
      }
      expect(await ids(jobs, { limit: 10 })).toEqual(['e', 'd', 'b', 'a', 'c'])
      expect(await ids(jobs, { limit: 2 })).toEqual(['e', 'd'])
    })

    it('the same page after a job while others are added, changed and removed', async () => {
      const jobs = await openNew()
      for (const id of ['1', '2', '3', '4']) await jobs.insert(aJob(id, CREATED_AT + Number(id)))
      const after = await jobs.find('3')
      await jobs.insert(aJob('5', CREATED_AT + 5))
      await jobs.replace(startJob(aJob('3'), CREATED_AT), { status: 'pending' })
      await jobs.replace(completed(aJob('3'), ''), { status: 'running', run: 1 })
      await jobs.deleteFinal('3')
      expect(await ids(jobs, { limit: 10, after })).toEqual(['2', '1'])
    })

    it('jobs of a status and of a provider', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a', CREATED_AT))
      await jobs.insert({ ...aJob('b', CREATED_AT + 1), provider: 'openai' })
      await jobs.insert({ ...aJob('c', CREATED_AT + 2), provider: 'openai' })
      await jobs.replace(startJob({ ...aJob('c', CREATED_AT + 2), provider: 'openai' }, CREATED_AT), {
        status: 'pending',
      })
      expect(await ids(jobs, { limit: 10, status: 'pending' })).toEqual(['b', 'a'])
      expect(await ids(jobs, { limit: 10, provider: 'openai' })).toEqual(['c', 'b'])
      expect(await ids(jobs, { limit: 10, provider: 'openai', status: 'running' })).toEqual(['c'])
      expect(await ids(jobs, { limit: 10, status: 'failed' })).toEqual([])
    })
  })

  describe('owners', () => {
    const ownedBy = (owner: string, id: string, at = 0) => ({ ...aJob(id, CREATED_AT + at), owner })

    it('stay with their jobs through every change', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(ownedBy('ann', 'a'))
      await first.insert(startJob(ownedBy('ann', 'b', 1), CREATED_AT), { key: 'order', fingerprint: 'x' })
      expect(await first.findPending(9)).toMatchObject([{ id: 'a', owner: 'ann' }])
      // Whoever stores a new state may not know.
      await first.replace(startJob(aJob('a'), CREATED_AT), { status: 'pending' })
      await first.checkpoint([new GrowingJob(startJob(aJob('a'), CREATED_AT)).say('One').checkpoint])
      await first.replace(completed(aJob('b', CREATED_AT + 1), ''), { status: 'running', run: 1 })
      await first.close()
      const second = await openStore(store)
      expect(await second.find('a')).toMatchObject({ owner: 'ann', status: 'running', result: 'One' })
      expect(await second.find('b')).toMatchObject({ owner: 'ann', status: 'completed' })
      expect(await second.findByIdempotencyKey('order', CREATED_AT)).toMatchObject({ job: { owner: 'ann' } })
    })

    it('have lists with their own jobs only', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('nobody', CREATED_AT + 9))
      for (const [at, id] of ['1', '2', '3'].entries()) await jobs.insert(ownedBy('ann', id, at))
      await jobs.insert(ownedBy('bob', '4', 3))
      await jobs.replace(startJob(ownedBy('ann', '2', 1), CREATED_AT), { status: 'pending' })
      const ids = async (query: JobQuery) => (await jobs.list(query)).map(({ id }) => id)
      expect(await ids({ limit: 9, owner: 'ann' })).toEqual(['3', '2', '1'])
      expect(await ids({ limit: 1, owner: 'ann', after: ownedBy('ann', '2', 1) })).toEqual(['1'])
      expect(await ids({ limit: 9, owner: 'ann', status: 'pending' })).toEqual(['3', '1'])
      expect(await ids({ limit: 9, owner: 'bob' })).toEqual(['4'])
      expect(await ids({ limit: 9, owner: 'an' })).toEqual([])
      expect(await ids({ limit: 9, owner: '' })).toEqual([])
      expect(await ids({ limit: 9 })).toEqual(['nobody', '4', '3', '2', '1'])
    })
  })
}
