import { describe, expect, it } from 'vitest'
import { newJob, startJob } from '../../src/jobs/job.ts'
import { JobConflictError, StorageUnavailableError } from '../../src/jobs/ports/storage-errors.ts'
import { RECORD_VERSION } from '../../src/jobs/record-version.ts'
import { describeBudgets } from './describe-budgets.ts'
import { describeChanges } from './describe-changes.ts'
import { describeCheckpoints } from './describe-checkpoints.ts'
import { describeConversations } from './describe-conversations.ts'
import { describeDeliveries } from './describe-deliveries.ts'
import { describeDoorClients } from './describe-door-clients.ts'
import { describeDoorJobs } from './describe-door-jobs.ts'
import { describeEndings } from './describe-endings.ts'
import { describeFilters } from './describe-filters.ts'
import { describeHistories } from './describe-histories.ts'
import { describeIdempotencyKeys } from './describe-idempotency-keys.ts'
import { describeItems } from './describe-items.ts'
import { describeJobLists } from './describe-job-lists.ts'
import { describeListedTexts } from './describe-listed-texts.ts'
import { describeSearch } from './describe-search.ts'
import { describeTakeOvers } from './describe-take-overs.ts'
import { describeTurns } from './describe-turns.ts'
import { describeUsage } from './describe-usage.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, completed, insertFinished, type NewStore, openStore } from './stored-job.ts'

/** The tests that every job repository must pass. */
export function describeJobRepository(name: string, newStore: NewStore): void {
  describe(`${name} as a job repository`, () => {
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
      const { id, provider, model, createdAt } = aJob('c')
      expect(await jobs.findPending(1)).toEqual([{ id, provider, model, createdAt }])
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
      await first.checkpoint([new GrowingJob(atOnce).say('so far').checkpoint])
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

    describeCheckpoints(newStore)
    describeTakeOvers(newStore)
    describeJobLists(newStore)
    describeFilters(newStore)
    describeSearch(newStore)
    describeTurns(newStore)
    describeHistories(newStore)
    describeListedTexts(newStore)
    describeIdempotencyKeys(newStore)
    describeItems(newStore)
    describeConversations(newStore)
    describeUsage(newStore)
    describeDoorJobs(newStore)
    describeDoorClients(newStore)
    describeEndings(newStore)
    describeBudgets(newStore)
    describeDeliveries(newStore)
    describeChanges(newStore)

    describe('removes', () => {
      it('a final job, once, and no job that is not final', async () => {
        const store = await newStore()
        const jobs = await store.open()
        await insertFinished(jobs, aJob('done'), CREATED_AT)
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
