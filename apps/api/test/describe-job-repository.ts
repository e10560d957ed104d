import type { PendingJob } from '@promptlab/contract'
import { describe, expect, it, onTestFinished } from 'vitest'
import { finishJob, newJob, startJob } from '../src/jobs/job.ts'
import { JobConflictError, type JobRepository, StorageUnavailableError } from '../src/jobs/job-repository.ts'

/** A store that can be closed and opened again with what it holds. */
export interface JobStore {
  open(): Promise<JobRepository>
}

const CREATED_AT = Date.parse('2026-01-02T03:04:05.678Z')

export function aJob(id: string, createdAt = CREATED_AT): PendingJob {
  const body = { prompt: `Say "${id}"\n\u2028 and 🙂`, provider: 'echo', model: 'echo', options: { temperature: 0.5 } }
  return newJob(id, body, createdAt)
}

function completed(job: PendingJob, text: string) {
  const running = startJob(job, CREATED_AT + 5)
  const metrics = { durationMs: 12, tokenCount: 3, ttftMs: 4, queuedMs: 5, usage: { inputTokens: 1, outputTokens: 3 } }
  return finishJob(running, { result: text, metrics }, { status: 'completed' }, CREATED_AT + 17)
}

/** What every job repository promises, whatever it stores jobs in. */
export function describeJobRepository(name: string, newStore: () => Promise<JobStore>): void {
  describe(`${name} as a job repository`, () => {
    async function openStore(store: JobStore): Promise<JobRepository> {
      const jobs = await store.open()
      onTestFinished(() => jobs.close())
      return jobs
    }
    const openNew = async () => openStore(await newStore())

    it('finds what was inserted, as it was inserted', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      expect(await jobs.find('a')).toEqual(aJob('a'))
    })

    it('finds nothing under an id that no job has', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      for (const id of ['b', 'A', '', '__proto__', 'constructor']) expect(await jobs.find(id)).toBeUndefined()
    })

    it('lets exactly one of two simultaneous inserts of one id succeed', async () => {
      const jobs = await openNew()
      const outcomes = await Promise.allSettled([jobs.insert(aJob('a')), jobs.insert(aJob('a'))])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(jobs.insert(aJob('a'))).rejects.toThrow(JobConflictError)
    })

    it('replaces a job whose status is the expected one', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      const running = startJob(aJob('a'), CREATED_AT + 5)
      expect(await jobs.replace(running, 'pending')).toBe(true)
      expect(await jobs.find('a')).toEqual(running)
    })

    it('leaves a job alone whose status is another', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      expect(await jobs.replace(completed(aJob('a'), 'text'), 'running')).toBe(false)
      expect(await jobs.find('a')).toEqual(aJob('a'))
    })

    it('does not create a job by replacing it', async () => {
      const jobs = await openNew()
      expect(await jobs.replace(startJob(aJob('a'), CREATED_AT), 'pending')).toBe(false)
      expect(await jobs.find('a')).toBeUndefined()
    })

    it('lets exactly one of many simultaneous changes from one status succeed', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      const changes = Array.from({ length: 20 }, () => jobs.replace(startJob(aJob('a'), CREATED_AT + 1), 'pending'))
      expect((await Promise.all(changes)).filter(Boolean)).toHaveLength(1)
    })

    it('lists unfinished jobs in the order of their creation', async () => {
      const jobs = await openNew()
      for (const [index, id] of ['c', 'a', 'd', 'b'].entries()) await jobs.insert(aJob(id, CREATED_AT + index))
      await jobs.replace(startJob(aJob('a'), CREATED_AT + 9), 'pending')
      await jobs.replace(startJob(aJob('d'), CREATED_AT + 9), 'pending')
      await jobs.replace(completed(aJob('d'), 'done'), 'running')
      const unfinished = await jobs.findUnfinished()
      expect(unfinished.map(({ id, status }) => `${id} ${status}`)).toEqual(['c pending', 'a running', 'b pending'])
    })

    it('holds everything after it was closed and opened again', async () => {
      const store = await newStore()
      const first = await store.open()
      const texts = ['', 'plain', 'line\nbreaks\r\n and \u2028', '🙂 emoji', '\ud83d', 'x'.repeat(100_000)]
      for (const [index, text] of texts.entries()) {
        const job = aJob(`job-${index}`)
        await first.insert(job)
        await first.replace(startJob(job, CREATED_AT + 5), 'pending')
        await first.replace(completed(job, text), 'running')
      }
      await first.insert(aJob('waiting'))
      await first.close()

      const second = await openStore(store)
      for (const [index, text] of texts.entries()) {
        expect(await second.find(`job-${index}`)).toEqual(completed(aJob(`job-${index}`), text))
      }
      expect(await second.find('waiting')).toEqual(aJob('waiting'))
    })

    it('takes many changes at once and loses none', async () => {
      const store = await newStore()
      const first = await store.open()
      await Promise.all(Array.from({ length: 300 }, (_, index) => first.insert(aJob(`job-${index}`))))
      await first.close()
      const second = await openStore(store)
      expect(await second.findUnfinished()).toHaveLength(300)
    })

    it('is healthy, and takes nothing more once it is closed', async () => {
      const jobs = await openNew()
      await expect(jobs.checkHealth()).resolves.toBeUndefined()
      await jobs.close()
      await expect(jobs.checkHealth()).rejects.toThrow(StorageUnavailableError)
      await expect(jobs.insert(aJob('a'))).rejects.toThrow(StorageUnavailableError)
    })
  })
}
