import { describe, expect, it } from 'vitest'
import { finishJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import { summaryOf } from '../../src/jobs/job-summary.ts'
import type { ChangePosition, JobChange } from '../../src/jobs/ports/job-changes.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { aDoorJob } from './describe-door-jobs.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, type NewStore, openStore } from './stored-job.ts'

const at = (ms: number) => new Date(CREATED_AT + ms).toISOString()
const BEGINNING: ChangePosition = { updatedAt: at(-1), id: '' }

/** The ids of jobs that changed behind a position, and their states. */
async function changes(jobs: JobRepository, after = BEGINNING, owner?: string, limit = 99): Promise<string[]> {
  const found = await jobs.findChanged({ limit, after, owner })
  for (const { job, position } of found) expect(position.id).toBe(job.id)
  return found.map(({ job, position }) => `${job.id} ${job.status} ${Date.parse(position.updatedAt) - CREATED_AT}`)
}

async function start(jobs: JobRepository, job: StoredPendingJob, ms: number) {
  const running = startJob(job, CREATED_AT + ms)
  expect(await jobs.replace(running, { status: 'pending' })).toBe(true)
  return running
}

/** All changes, read in pages of two. */
async function pagesOf(jobs: JobRepository, owner: string | undefined): Promise<JobChange[]> {
  const found: JobChange[] = []
  for (let page = await jobs.findChanged({ limit: 2, after: BEGINNING, owner }); page.length > 0; ) {
    found.push(...page)
    page = await jobs.findChanged({ limit: 2, after: found.at(-1)?.position ?? BEGINNING, owner })
  }
  return found
}

export function describeChanges(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('changes of state', () => {
    it('are found once for each job, by time and then by id, with the job as lists show it', async () => {
      const store = await newStore()
      const first = await store.open()
      expect(await first.findChanged({ limit: 9, after: BEGINNING })).toEqual([])
      for (const id of ['b', 'a']) await first.insert(aJob(id))
      await first.insert(aJob('c', CREATED_AT + 1))
      const owned: StoredPendingJob = {
        ...aJob('owned', CREATED_AT + 2),
        owner: 'ann',
        options: { system: 'x'.repeat(9_000) },
      }
      await first.insert(startJob(owned, CREATED_AT + 3))
      expect(await changes(first)).toEqual(['a pending 0', 'b pending 0', 'c pending 1', 'owned running 3'])
      const running = await start(first, aJob('b'), 5)
      expect(await changes(first)).toEqual(['a pending 0', 'c pending 1', 'owned running 3', 'b running 5'])
      const final = finishJob(running, running, { status: 'cancelled' }, CREATED_AT + 7)
      await first.replace(final, running)
      const expected = ['a pending 0', 'c pending 1', 'owned running 3', 'b cancelled 7']
      expect(await changes(first)).toEqual(expected)
      await first.close()
      const jobs = await openStore(store)
      expect(await changes(jobs)).toEqual(expected)
      const [, , other, last] = await jobs.findChanged({ limit: 9, after: BEGINNING })
      expect(last).toEqual({ job: summaryOf(final), owner: undefined, position: { updatedAt: at(7), id: 'b' } })
      expect(other).toMatchObject({ job: summaryOf(startJob(owned, CREATED_AT + 3)), owner: 'ann' })
      await jobs.deleteFinal('b')
      expect(await changes(jobs)).toEqual(expected.slice(0, 3))
    })

    it('are read on from any position, in pages, by owner', async () => {
      const jobs = await openNew()
      const owners = ['ann', 'bob', undefined]
      for (let index = 0; index < 12; index += 1) {
        const owner = owners[index % 3]
        await jobs.insert({ ...aJob(`job-${index % 10}${index}`, CREATED_AT + (index >> 2)), ...(owner && { owner }) })
      }
      const all = await jobs.findChanged({ limit: 99, after: BEGINNING })
      expect(all).toHaveLength(12)
      for (const owner of owners) {
        const own = owner === undefined ? all : all.filter((change) => change.owner === owner)
        expect(await jobs.findChanged({ limit: 99, after: BEGINNING, owner })).toEqual(own)
        expect(await pagesOf(jobs, owner)).toEqual(own)
      }
      expect(await jobs.findChanged({ limit: 99, after: BEGINNING, owner: 'eve' })).toEqual([])
    })

    it('of hidden jobs are not found', async () => {
      const jobs = await openNew()
      await jobs.insert(aDoorJob('hidden', { deleteAfter: at(9) }))
      await jobs.insert(aJob('shown'))
      await jobs.insert({ ...aJob('later'), client: { process: 'one' } })
      expect(await changes(jobs)).toEqual(['later pending 0', 'shown pending 0'])
      await jobs.replaceClient('later', { client: undefined, deleteAfter: at(9) }, { process: 'one' })
      expect(await changes(jobs)).toEqual(['shown pending 0'])
    })

    it('are not lost while checkpoints store the answer', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      const running = await start(jobs, aJob('a'), 5)
      await jobs.insert(aJob('b', CREATED_AT + 6))
      const growing = new GrowingJob(running).say('text')
      await jobs.checkpoint([{ ...growing.checkpoint, updatedAt: at(10) }])
      const found = await jobs.findChanged({ limit: 9, after: BEGINNING })
      // A store may call the checkpoint a change, too, and have it behind the other job.
      expect(found.map(({ job }) => `${job.id} ${job.status}`).toSorted()).toEqual(['a running', 'b pending'])
      expect(found.find(({ job }) => job.id === 'a')?.job.updatedAt).toBe(at(10))
      const final = finishJob(running, running, { status: 'completed' }, CREATED_AT + 20)
      await jobs.replace(final, running)
      expect(await changes(jobs, { updatedAt: at(10), id: 'z' })).toEqual(['a completed 20'])
    })

    it('are those of a job that waits again, too', async () => {
      const jobs = await openNew()
      const running = startJob(aJob('a'), CREATED_AT + 5)
      await jobs.insert(running)
      const { result: _r, metrics: _m, ...rest } = running
      await jobs.replace({ ...rest, status: 'pending', updatedAt: at(8) }, running)
      expect(await changes(jobs, { updatedAt: at(5), id: 'a' })).toEqual(['a pending 8'])
    })
  })
}
