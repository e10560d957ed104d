import { describe, expect, it } from 'vitest'
import { newJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import type { JobQuery } from '../../src/jobs/ports/stored-values.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, completed, insertFinished, type NewStore, openStore } from './stored-job.ts'

const ODD = '\0, \ud83d \u0010 \u2028 "\\" 🙂 \ude42'
const time = (after: number) => new Date(CREATED_AT + after).toISOString()

function noted(id: string, metadata: Record<string, string>, after = 0, owner?: string): StoredPendingJob {
  return newJob(id, { prompt: 'x', provider: 'echo', model: 'echo', metadata }, CREATED_AT + after, owner)
}

/** The metadata of jobs, and the filters of lists. */
export function describeFilters(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())
  const ids = async (jobs: JobRepository, query: Omit<JobQuery, 'limit'> & { limit?: number }) =>
    (await jobs.list({ limit: 99, ...query })).map(({ id }) => id)

  describe('metadata', () => {
    it('stays with its job through every change, in lists and changes too, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      const metadata = { second: '2', first: '', [ODD]: ODD, constructor: 'x', long: 'é'.repeat(512) }
      await first.insert(noted('a', metadata))
      await first.insert(startJob(noted('b', metadata, 1), CREATED_AT), { key: 'order', fingerprint: 'x' })
      // Whoever stores a new state may not know.
      await first.replace(startJob(aJob('a'), CREATED_AT), { status: 'pending' })
      await first.checkpoint([new GrowingJob(startJob(aJob('a'), CREATED_AT)).say('One').checkpoint])
      await first.replace(completed(aJob('b', CREATED_AT + 1), ''), { status: 'running', run: 1 })
      await first.close()
      const jobs = await openStore(store)
      for (const id of ['a', 'b']) expect((await jobs.find(id))?.metadata).toEqual(metadata)
      expect(await jobs.list({ limit: 9 })).toMatchObject([{ metadata }, { metadata }])
      const changed = await jobs.findChanged({ limit: 9, after: { updatedAt: time(-1), id: '' } })
      expect(changed).toMatchObject([{ job: { metadata } }, { job: { metadata } }])
      expect(Object.keys((await jobs.find('a'))?.metadata ?? {})[0]).toBe('second')
    })

    it('is nothing in a job without it', async () => {
      const jobs = await openNew()
      await jobs.insert(noted('a', {}))
      expect(await jobs.find('a')).not.toHaveProperty('metadata')
      expect((await jobs.list({ limit: 9 }))[0]).not.toHaveProperty('metadata')
    })

    it('finds jobs that have all of some entries, in pages', async () => {
      const jobs = await openNew()
      for (const [after, id] of ['a', 'b', 'c', 'd'].entries())
        await jobs.insert(noted(id, { run: '7', [ODD]: id }, after))
      await jobs.insert(noted('other value', { run: '70' }, 9))
      await jobs.insert(noted('other name', { rum: '7' }, 9))
      await jobs.insert(aJob('none', CREATED_AT + 9))
      const page = await jobs.list({ limit: 3, metadata: { run: '7' } })
      expect(page.map(({ id }) => id)).toEqual(['d', 'c', 'b'])
      expect(await ids(jobs, { metadata: { run: '7' }, after: page.at(-1) })).toEqual(['a'])
      expect(await ids(jobs, { metadata: { run: '7', [ODD]: 'c' } })).toEqual(['c'])
      expect(await ids(jobs, { metadata: { run: '7', rum: '7' } })).toEqual([])
      expect(await ids(jobs, { metadata: { constructor: 'x' } })).toEqual([])
    })

    it('finds jobs with other filters beside it, and only those of the owner', async () => {
      const jobs = await openNew()
      await jobs.insert(noted('a', { run: '7' }, 0, 'ann'))
      await jobs.insert(noted('b', { run: '7' }, 1, 'bob'))
      await insertFinished(jobs, noted('c', { run: '7' }, 2, 'ann'), CREATED_AT + 9)
      await jobs.insert({ ...noted('hidden', { run: '7' }, 3, 'ann'), deleteAfter: time(9) })
      const metadata = { run: '7' }
      expect(await ids(jobs, { metadata, owner: 'ann' })).toEqual(['c', 'a'])
      expect(await ids(jobs, { metadata, owner: 'ann', status: 'pending' })).toEqual(['a'])
      expect(await ids(jobs, { metadata, createdFrom: time(1), createdBefore: time(2) })).toEqual(['b'])
      expect(await ids(jobs, { metadata, owner: 'an' })).toEqual([])
      await jobs.deleteFinal('c')
      expect(await ids(jobs, { metadata, owner: 'ann' })).toEqual(['a'])
    })
  })

  describe('filters', () => {
    it('have jobs of a model', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      await jobs.insert({ ...aJob('b', CREATED_AT + 1), model: ODD })
      await insertFinished(jobs, { ...aJob('c', CREATED_AT + 2), model: ODD }, CREATED_AT + 3)
      expect(await ids(jobs, { model: ODD })).toEqual(['c', 'b'])
      expect(await ids(jobs, { model: ODD, status: 'completed', provider: 'echo' })).toEqual(['c'])
      expect(await ids(jobs, { model: 'ech' })).toEqual([])
    })

    it('have jobs created from a time on, and before a time', async () => {
      const jobs = await openNew()
      for (const [after, id] of ['a', 'b', 'c', 'd'].entries()) await jobs.insert(aJob(id, CREATED_AT + after))
      expect(await ids(jobs, { createdFrom: time(1), createdBefore: time(3) })).toEqual(['c', 'b'])
      expect(await ids(jobs, { createdFrom: time(2) })).toEqual(['d', 'c'])
      expect(await ids(jobs, { createdBefore: time(1) })).toEqual(['a'])
      expect(await ids(jobs, { createdFrom: time(1), after: { createdAt: time(2), id: 'c' } })).toEqual(['b'])
    })
  })
}
