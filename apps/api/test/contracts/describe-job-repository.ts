import type { PendingJob } from '@promptlab/contract'
import { describe, expect, it, onTestFinished } from 'vitest'
import { finishJob, newJob, type StoredRunningJob, startJob } from '../../src/jobs/job.ts'
import {
  IDEMPOTENCY_WINDOW_MS,
  JobConflictError,
  type JobQuery,
  type JobRepository,
  RECORD_VERSION,
  StorageUnavailableError,
} from '../../src/jobs/ports/job-repository.ts'
import { describeListedTexts } from './describe-listed-texts.ts'

/** A store that can be opened again after it was closed. */
export interface JobStore {
  open(): Promise<JobRepository>
}

const CREATED_AT = Date.parse('2026-01-02T03:04:05.678Z')

export function aJob(id: string, createdAt = CREATED_AT): PendingJob {
  const body = {
    prompt: `Say "${id}"\n\u2028, \0, \ude42 and 🙂`,
    provider: 'echo',
    model: 'echo',
    options: { temperature: 0.5 },
  }
  return newJob(id, body, createdAt)
}

function completed(job: PendingJob, text: string) {
  const running = startJob(job, CREATED_AT + 5)
  const metrics = {
    durationMs: 12,
    tokenCount: 3,
    ttftMs: 4,
    queuedMs: 5,
    attempts: 1,
    usage: { inputTokens: 1, outputTokens: 3 },
  }
  return finishJob(running, { result: text, metrics }, { status: 'completed' }, CREATED_AT + 17)
}

/** The tests that every job repository must pass. */
export function describeJobRepository(name: string, newStore: () => Promise<JobStore>): void {
  describe(`${name} as a job repository`, () => {
    async function openStore(store: JobStore): Promise<JobRepository> {
      const jobs = await store.open()
      onTestFinished(() => jobs.close())
      return jobs
    }
    const openNew = async () => openStore(await newStore())

    it('finds a job as it was inserted', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      expect(await jobs.find('a')).toEqual(aJob('a'))
    })

    it('finds no job under an unknown id', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      for (const id of ['b', 'A', '', '\0', 'a\0', '\ud83d', '__proto__', 'constructor'])
        expect(await jobs.find(id)).toBeUndefined()
    })

    it('inserts a job that is running already', async () => {
      const jobs = await openNew()
      const running = startJob(aJob('a'), CREATED_AT)
      expect(await jobs.insert(running)).toBeUndefined()
      expect(await jobs.find('a')).toEqual(running)
    })

    it('lets exactly one of two simultaneous inserts of one id succeed', async () => {
      const jobs = await openNew()
      const outcomes = await Promise.allSettled([jobs.insert(aJob('a')), jobs.insert(aJob('a'))])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      await expect(jobs.insert(aJob('a'))).rejects.toThrow(JobConflictError)
    })

    it('replaces a job that has the expected status', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      const running = startJob(aJob('a'), CREATED_AT + 5)
      expect(await jobs.replace(running, { status: 'pending' })).toBe(true)
      expect(await jobs.find('a')).toEqual(running)
    })

    it('does not replace a job that has another status', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      expect(await jobs.replace(completed(aJob('a'), 'text'), { status: 'running', run: 1 })).toBe(false)
      expect(await jobs.find('a')).toEqual(aJob('a'))
    })

    it('does not create a job by replacing it', async () => {
      const jobs = await openNew()
      expect(await jobs.replace(startJob(aJob('a'), CREATED_AT), { status: 'pending' })).toBe(false)
      expect(await jobs.find('a')).toBeUndefined()
    })

    it('lets exactly one of many simultaneous changes from one status succeed', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      const changes = Array.from({ length: 20 }, () =>
        jobs.replace(startJob(aJob('a'), CREATED_AT + 1), { status: 'pending' }),
      )
      expect((await Promise.all(changes)).filter(Boolean)).toHaveLength(1)
    })

    it('finds pending jobs oldest first, in pages', async () => {
      const jobs = await openNew()
      for (const [id, at] of [
        ['e', 4],
        ['c', 0],
        ['a', 1],
        ['d', 2],
        ['f', 3],
        ['b', 3],
      ] as const) {
        await jobs.insert(aJob(id, CREATED_AT + at))
      }
      await jobs.replace(startJob(aJob('a', CREATED_AT + 1), CREATED_AT + 9), { status: 'pending' })
      const ids = async (limit: number, after?: string) =>
        (await jobs.findPending(limit, after === undefined ? undefined : await jobs.find(after))).map(({ id }) => id)
      expect(await ids(9)).toEqual(['c', 'd', 'b', 'f', 'e'])
      const { id, provider, createdAt } = aJob('c')
      expect(await jobs.findPending(1)).toEqual([{ id, provider, createdAt }])
      expect(await ids(2, 'c')).toEqual(['d', 'b'])
      expect(await ids(2, 'a')).toEqual(['d', 'b'])
      expect(await ids(2, 'b')).toEqual(['f', 'e'])
      expect(await ids(2, 'e')).toEqual([])
    })

    it('counts the bytes of input of pending jobs by owner', async () => {
      const jobs = await openNew()
      const long = (id: string, owner?: string) => ({
        ...newJob(id, { prompt: '🙂'.repeat(1_000), provider: 'echo', model: 'echo' }, CREATED_AT, owner),
      })
      await jobs.insert(long('a', 'ann'))
      await jobs.insert(long('b', 'ann'))
      await jobs.insert(long('c'))
      await jobs.insert(startJob(long('d', 'bob'), CREATED_AT))
      await jobs.replace(startJob(long('b', 'ann'), CREATED_AT), { status: 'pending' })
      const bytes = await jobs.countPendingBytes()
      expect([...bytes.keys()].toSorted()).toEqual(['ann', undefined])
      // A store may count its own notes with them.
      for (const each of bytes.values()) {
        expect(each).toBeGreaterThanOrEqual(4_000)
        expect(each).toBeLessThan(4_500)
      }
    })

    it('calls jobs abandoned that ran when it was closed, until they have ended', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(aJob('waiting'))
      await first.insert(aJob('a'))
      await first.replace(startJob(aJob('a'), CREATED_AT + 5), { status: 'pending' })
      const atOnce = startJob(aJob('b', CREATED_AT + 1), CREATED_AT + 5)
      await first.insert(atOnce)
      const checkpoint = { ...atOnce, result: 'so far' }
      await first.checkpoint([{ job: checkpoint, storedLength: 0 }])
      expect(await first.findAbandoned(9)).toEqual([])
      await first.close()

      const second = await openStore(store)
      await second.insert(startJob(aJob('mine'), CREATED_AT))
      const [a, b] = [
        { id: 'a', run: 1 },
        { id: 'b', run: 1 },
      ]
      expect(await second.findAbandoned(9)).toEqual([a, b])
      expect(await second.findAbandoned(1)).toEqual([a])
      expect(await second.replace(completed(aJob('a'), ''), { status: 'running', run: 1 })).toBe(true)
      expect(await second.findAbandoned(9)).toEqual([b])
    })

    describe('a job that is taken over', () => {
      /** A running job whose process is gone, with the text of its last checkpoint. */
      async function abandoned(): Promise<{ jobs: JobRepository; before: StoredRunningJob }> {
        const store = await newStore()
        const first = await store.open()
        const running = startJob(aJob('a'), CREATED_AT + 5)
        await first.insert(running)
        const before = { ...running, result: 'so far' }
        await first.checkpoint([{ job: before, storedLength: 0 }])
        await first.close()
        return { jobs: await openStore(store), before }
      }

      it('has its stored text and a higher run number, and is found again until its next state is stored', async () => {
        const { jobs, before } = await abandoned()
        const taken = await jobs.takeOver({ id: 'a', run: 1 })
        expect(taken).toEqual({ ...before, run: 2 })
        expect(await jobs.find('a')).toEqual(taken)
        expect(await jobs.findAbandoned(9)).toEqual([{ id: 'a', run: 2 }])
      })

      it('is taken by exactly one of many at once', async () => {
        const { jobs } = await abandoned()
        const taken = await Promise.all(Array.from({ length: 20 }, () => jobs.takeOver({ id: 'a', run: 1 })))
        expect(taken.filter(Boolean)).toHaveLength(1)
        expect(await jobs.takeOver({ id: 'no such job', run: 1 })).toBeUndefined()
      })

      it('refuses checkpoints and the end of its earlier run, and takes those of the later one', async () => {
        const { jobs, before } = await abandoned()
        const taken = await jobs.takeOver({ id: 'a', run: 1 })
        if (!taken) throw new Error('not taken over')
        const zombie = { ...before, result: 'so far and further' }
        expect(await jobs.checkpoint([{ job: zombie, storedLength: 6 }])).toEqual(new Set())
        const endOf = (job: StoredRunningJob) => finishJob(job, job, { status: 'completed' }, CREATED_AT + 9)
        expect(await jobs.replace(endOf(zombie), before)).toBe(false)
        expect(await jobs.find('a')).toEqual(taken)
        const grown = { ...taken, result: 'so far, again' }
        expect(await jobs.checkpoint([{ job: grown, storedLength: 6 }])).toEqual(new Set(['a']))
        expect(await jobs.replace(endOf(grown), taken)).toBe(true)
        expect(await jobs.find('a')).toMatchObject({ status: 'completed', result: 'so far, again', run: 2 })
      })
    })

    it('holds the runs of its process, and can be read by every process of this version', async () => {
      const jobs = await openNew()
      expect(jobs.holdsRuns()).toBe(true)
      await expect(jobs.checkReadable(RECORD_VERSION)).resolves.toBeUndefined()
    })

    it('has all jobs after it was closed and opened again', async () => {
      const store = await newStore()
      const first = await store.open()
      const texts = [
        '',
        'plain',
        'line\nbreaks\r\n and \u2028',
        '🙂 emoji',
        '\ud83d',
        'a\0b',
        '\u0010',
        'x'.repeat(100_000),
      ]
      for (const [index, text] of texts.entries()) {
        const job = aJob(`job-${index}`)
        await first.insert(job)
        await first.replace(startJob(job, CREATED_AT + 5), { status: 'pending' })
        await first.replace(completed(job, text), { status: 'running', run: 1 })
      }
      await first.insert(aJob('waiting'))
      await first.close()

      const second = await openStore(store)
      for (const [index, text] of texts.entries()) {
        expect(await second.find(`job-${index}`)).toEqual(completed(aJob(`job-${index}`), text))
      }
      expect(await second.find('waiting')).toEqual(aJob('waiting'))
    })

    it('stores all of many simultaneous inserts', async () => {
      const store = await newStore()
      const first = await store.open()
      await Promise.all(Array.from({ length: 300 }, (_, index) => first.insert(aJob(`job-${index}`))))
      await first.close()
      const second = await openStore(store)
      expect(await second.findPending(1000)).toHaveLength(300)
    })

    it('stores the checkpoints of a running job, and none of a job that has ended', async () => {
      const store = await newStore()
      const first = await store.open()
      const running = startJob(aJob('a'), CREATED_AT + 5)
      await first.insert(aJob('a'))
      await first.replace(running, { status: 'pending' })
      const checkpoint = { ...running, result: 'so far', updatedAt: new Date(CREATED_AT + 9).toISOString() }
      expect(await first.checkpoint([{ job: checkpoint, storedLength: 0 }])).toEqual(new Set(['a']))
      expect(await first.find('a')).toEqual(checkpoint)
      expect(await first.replace(completed(aJob('a'), 'so far and on'), { status: 'running', run: 1 })).toBe(true)
      expect(await first.checkpoint([{ job: checkpoint, storedLength: 0 }])).toEqual(new Set())
      await first.close()
      expect(await (await openStore(store)).find('a')).toEqual(completed(aJob('a'), 'so far and on'))
    })

    it('appends the new pieces of a text at checkpoints, whatever they contain and wherever they are cut', async () => {
      const store = await newStore()
      const first = await store.open()
      const pieces = ['One', ' \ud83d', '\ude42', '\0', '\ud83d', '\u0010', 'd83d', ' end']
      const running = startJob(aJob('a'), CREATED_AT + 5)
      await first.insert(running)
      let stored = running
      for (const [index, piece] of pieces.entries()) {
        const job = { ...stored, result: stored.result + piece, metrics: { ...stored.metrics, tokenCount: index + 1 } }
        await first.checkpoint([{ job, storedLength: stored.result.length }])
        expect(await first.find('a')).toEqual(job)
        stored = job
      }
      await first.close()
      expect(await (await openStore(store)).find(stored.id)).toEqual(stored)
    })

    it('replaces the piece of a checkpoint that is repeated', async () => {
      const jobs = await openNew()
      const running = startJob(aJob('a'), CREATED_AT + 5)
      await jobs.insert(running)
      await jobs.checkpoint([{ job: { ...running, result: 'One' }, storedLength: 0 }])
      await jobs.checkpoint([{ job: { ...running, result: 'One two' }, storedLength: 0 }])
      await jobs.checkpoint([{ job: { ...running, result: 'One two three' }, storedLength: 7 }])
      expect(await jobs.find('a')).toEqual({ ...running, result: 'One two three' })
    })

    it('stores the checkpoints of many jobs at once, except of jobs that are not running', async () => {
      const jobs = await openNew()
      const running = Array.from({ length: 100 }, (_, index) => startJob(aJob(`job-${index}`), CREATED_AT))
      await Promise.all(running.map((job) => jobs.insert(job)))
      await jobs.insert(aJob('waiting'))
      await jobs.replace(completed(aJob('job-7'), 'done'), { status: 'running', run: 1 })
      const more = [...running, startJob(aJob('waiting'), 0), startJob(aJob('unknown'), 0)]
      const grown = more.map((job) => ({ job: { ...job, result: `text of ${job.id}` }, storedLength: 0 }))
      const stored = await jobs.checkpoint(grown)
      expect(stored).toEqual(new Set(running.map(({ id }) => id).filter((id) => id !== 'job-7')))
      expect(await jobs.find('job-99')).toMatchObject({ status: 'running', result: 'text of job-99' })
      expect(await jobs.find('job-7')).toEqual(completed(aJob('job-7'), 'done'))
      expect(await jobs.find('waiting')).toEqual(aJob('waiting'))
      expect(await jobs.find('unknown')).toBeUndefined()
    })

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

    describeListedTexts(newStore)

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
        await first.checkpoint([{ job: { ...startJob(aJob('a'), CREATED_AT), result: 'One' }, storedLength: 0 }])
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

    describe('removes', () => {
      async function finish(jobs: JobRepository, job: PendingJob, endedAt: number): Promise<void> {
        await jobs.insert(job)
        const running = startJob(job, endedAt)
        await jobs.replace(running, { status: 'pending' })
        await jobs.replace(finishJob(running, running, { status: 'completed' }, endedAt), { status: 'running', run: 1 })
      }

      it('a final job, once, and no job that is not final', async () => {
        const store = await newStore()
        const jobs = await store.open()
        await finish(jobs, aJob('done'), CREATED_AT)
        await jobs.insert(aJob('waiting'))
        await jobs.insert(aJob('running'))
        await jobs.replace(startJob(aJob('running'), CREATED_AT), { status: 'pending' })
        const removals = await Promise.all([jobs.deleteFinal('done'), jobs.deleteFinal('done')])
        expect(removals.sort()).toEqual([false, true])
        for (const id of ['waiting', 'running', 'unknown']) expect(await jobs.deleteFinal(id)).toBe(false)
        await jobs.close()
        const again = await openStore(store)
        expect((await again.list({ limit: 9 })).map(({ id }) => id)).toEqual(['waiting', 'running'])
      })

      it('final jobs that ended before a time, up to a limit', async () => {
        const jobs = await openNew()
        for (const id of ['1', '2', '3', '4']) await finish(jobs, aJob(id), CREATED_AT + Number(id))
        await jobs.insert(aJob('waiting', CREATED_AT - 5))
        expect(await jobs.deleteFinalBefore(CREATED_AT + 4, 2)).toBe(2)
        expect(await jobs.deleteFinalBefore(CREATED_AT + 4, 2)).toBe(1)
        expect(await jobs.deleteFinalBefore(CREATED_AT + 4, 2)).toBe(0)
        expect((await jobs.list({ limit: 9 })).map(({ id }) => id)).toEqual(['4', 'waiting'])
      })
    })

    describe('idempotency keys', () => {
      const key = (fingerprint: string) => ({ key: 'order 1', fingerprint })

      it('make a second insert return the first job', async () => {
        const store = await newStore()
        const jobs = await store.open()
        expect(await jobs.insert(aJob('a'), key('x'))).toBeUndefined()
        expect(await jobs.insert(aJob('b'), key('y'))).toEqual({ job: aJob('a'), fingerprint: 'x' })
        expect(await jobs.find('b')).toBeUndefined()
        await jobs.replace(startJob(aJob('a'), CREATED_AT), { status: 'pending' })
        await jobs.replace(completed(aJob('a'), 'text'), { status: 'running', run: 1 })
        await jobs.close()
        const again = await openStore(store)
        const first = { job: completed(aJob('a'), 'text'), fingerprint: 'x' }
        expect(await again.findByIdempotencyKey('order 1', CREATED_AT)).toEqual(first)
        expect(await again.insert(aJob('c'), key('x'))).toEqual(first)
        expect(await again.findByIdempotencyKey('order 2', CREATED_AT)).toBeUndefined()
      })

      it('let exactly one of many simultaneous inserts store its job', async () => {
        const jobs = await openNew()
        const inserts = Array.from({ length: 20 }, (_, index) => jobs.insert(aJob(`job-${index}`), key('x')))
        const firsts = await Promise.all(inserts)
        expect(firsts.filter((first) => first === undefined)).toHaveLength(1)
        const [job, ...others] = await jobs.list({ limit: 100 })
        expect(others).toEqual([])
        expect(firsts.filter((first) => first?.job.id === job?.id)).toHaveLength(19)
      })

      it('can be used again after 24 hours, and are removed with their job', async () => {
        const jobs = await openNew()
        await jobs.insert(aJob('a'), key('x'))
        const later = CREATED_AT + IDEMPOTENCY_WINDOW_MS
        expect(await jobs.findByIdempotencyKey('order 1', later - 1)).toBeDefined()
        expect(await jobs.findByIdempotencyKey('order 1', later)).toBeUndefined()
        expect(await jobs.insert(aJob('b', later), key('y'))).toBeUndefined()
        expect(await jobs.findByIdempotencyKey('order 1', later)).toMatchObject({ job: { id: 'b' } })

        await jobs.replace(startJob(aJob('b', later), later), { status: 'pending' })
        await jobs.replace(completed(aJob('b', later), ''), { status: 'running', run: 1 })
        await jobs.deleteFinal('b')
        expect(await jobs.findByIdempotencyKey('order 1', later)).toBeUndefined()
        expect(await jobs.insert(aJob('c', later), key('z'))).toBeUndefined()
      })
    })

    it('is healthy while it is open, and refuses everything once it is closed', async () => {
      const jobs = await openNew()
      await expect(jobs.checkHealth()).resolves.toBeUndefined()
      await jobs.close()
      await expect(jobs.checkHealth()).rejects.toThrow(StorageUnavailableError)
      await expect(jobs.insert(aJob('a'))).rejects.toThrow(StorageUnavailableError)
    })
  })
}
