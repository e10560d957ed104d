import { describe, expect, it } from 'vitest'
import { finishJob, type MadeAtDoor, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { ItemSweptError } from '../../src/jobs/ports/storage-errors.ts'
import { anItem } from './describe-items.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, type NewStore, openStore } from './stored-job.ts'

const ITEM = anItem('signature '.repeat(400))
const KEPT = { item: ITEM.id, bytes: ITEM.bytes.length }

const at = (ms: number) => new Date(CREATED_AT + ms).toISOString()

/** A job that was made at a door. */
export function aDoorJob(id: string, made: MadeAtDoor, createdAt = CREATED_AT): StoredPendingJob {
  return { ...aJob(id, createdAt), ...made }
}

/** What doors store with jobs, and jobs that are hidden until they are removed. */
export function describeDoorJobs(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())
  const everything: StoredPendingJob = {
    ...aDoorJob('all', {
      door: { name: 'openai-responses', echo: { user: 'a\0b \ud83d "{}"', tools: [{ strict: null }] } },
      requestDigest: 'digest',
      client: { process: 'one', lostAt: at(1), hadHead: true },
      deleteAfter: at(60_000),
    }),
    owner: 'ann',
    carries: [
      { message: 0, part: 1, provider: 'anthropic', json: '{"signature":"\\u0000 🙂"}' },
      { message: 2, part: 0, provider: 'openai', json: '"x"' },
    ],
  }
  const finished = (job: StoredPendingJob, endedAt = CREATED_AT) => {
    const running = startJob(job, CREATED_AT)
    return finishJob(running, { ...running, result: 'text' }, { status: 'completed' }, endedAt)
  }

  async function insertEnded(jobs: JobRepository, job: StoredPendingJob, endedAt = CREATED_AT): Promise<void> {
    await jobs.insert(startJob(job, CREATED_AT))
    await jobs.replace(finished(job, endedAt), { status: 'running', run: 1 })
  }

  describe('what a door stores with a job', () => {
    it('is found with it, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(everything, { key: 'order', fingerprint: 'x' })
      const atOnce = startJob({ ...everything, id: 'at once' }, CREATED_AT)
      await first.insert(atOnce)
      await first.insert(aDoorJob('door alone', { door: { name: 'anthropic-messages' } }))
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('all')).toEqual(everything)
      expect(await jobs.findByIdempotencyKey('order', CREATED_AT)).toEqual({ job: everything, fingerprint: 'x' })
      expect(await jobs.find('at once')).toEqual(atOnce)
      expect(await jobs.find('door alone')).toEqual(aDoorJob('door alone', { door: { name: 'anthropic-messages' } }))
    })

    it('is found with the reasoning and the refusals of earlier answers', async () => {
      const store = await newStore()
      const first = await store.open()
      const content = [
        { type: 'reasoning' as const, text: 'hm \0 \ud83d' },
        { type: 'refusal' as const, text: '"type":"text"' },
      ]
      const job: StoredPendingJob = { ...aJob('a'), messages: [{ role: 'assistant', content }] }
      await first.insert(job)
      await first.close()
      expect(await (await openStore(store)).find('a')).toEqual(job)
    })

    it('stays as it is, whatever the states that are stored later say', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(everything)
      await first.insert(aJob('native'))
      const { door, requestDigest, client, carries, deleteAfter, owner } = everything
      const kept = { door, requestDigest, client, carries, deleteAfter, owner }
      const bare = startJob(aJob('all'), CREATED_AT)
      await first.replace(bare, { status: 'pending' })
      await first.checkpoint([new GrowingJob(bare).say('text').checkpoint])
      expect(await first.find('all')).toMatchObject({ ...kept, status: 'running', result: 'text' })
      const other = { ...everything, client: { process: 'two' }, deleteAfter: at(5), requestDigest: 'other' }
      await first.replace(finished(other), { status: 'running', run: 1 })
      const { owner: _, ...unowned } = everything
      await first.replace(startJob({ ...unowned, ...aJob('native') }, CREATED_AT), { status: 'pending' })
      expect(await first.find('native')).toEqual(startJob(aJob('native'), CREATED_AT))
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('all')).toEqual({ ...finished(everything), ...kept })
      expect(await jobs.findByRequest('other', 9)).toEqual([])
    })

    it('goes over to the process that takes the job over', async () => {
      const store = await newStore()
      const first = await store.open()
      const running = startJob(everything, CREATED_AT)
      await first.insert(running)
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.findAbandoned(9)).toEqual([{ id: 'all', run: 1 }])
      expect(await jobs.takeOver({ id: 'all', run: 1 })).toEqual({ ...running, run: 2 })
    })

    it('counts with the input of waiting jobs', async () => {
      const jobs = await openNew()
      const json = 'x'.repeat(5_000)
      await jobs.insert({ ...aJob('a'), carries: [{ message: 0, part: 0, provider: 'openai', json }] })
      expect((await jobs.countPendingBytes()).get(undefined)).toBeGreaterThan(5_000)
    })
  })

  describe('jobs of a request', () => {
    const ids = async (jobs: JobRepository, digest: string, limit = 9) =>
      (await jobs.findByRequest(digest, limit)).map(({ id }) => id)

    it('are found newest first, without those that failed or were cancelled', async () => {
      const store = await newStore()
      const first = await store.open()
      const client = { process: 'one' }
      await first.insert(aDoorJob('old', { requestDigest: 'x' }, CREATED_AT))
      await first.insert(aDoorJob('b', { requestDigest: 'x', client }, CREATED_AT + 5))
      await first.insert(startJob(aDoorJob('a', { requestDigest: 'x' }, CREATED_AT + 5), CREATED_AT))
      await insertEnded(first, aDoorJob('done', { requestDigest: 'x' }, CREATED_AT + 9))
      await first.insert(aDoorJob('other', { requestDigest: 'y' }))
      await first.insert(aJob('native'))
      const error = { code: 'provider-auth', message: 'No', retryable: false } as const
      for (const outcome of [{ status: 'failed', error }, { status: 'cancelled' }] as const) {
        const running = startJob(aDoorJob(outcome.status, { requestDigest: 'x' }), CREATED_AT)
        await first.insert(running)
        await first.replace(finishJob(running, running, outcome, CREATED_AT), running)
      }
      const expected = [
        { id: 'done', status: 'completed' },
        { id: 'b', status: 'pending', client },
        { id: 'a', status: 'running' },
        { id: 'old', status: 'pending' },
      ]
      expect(await first.findByRequest('x', 9)).toEqual(expected)
      expect(await ids(first, 'x', 2)).toEqual(['done', 'b'])
      expect(await ids(first, 'y')).toEqual(['other'])
      expect(await ids(first, '')).toEqual([])
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.findByRequest('x', 9)).toEqual(expected)
      await jobs.deleteFinal('done')
      expect(await ids(jobs, 'x')).toEqual(['b', 'a', 'old'])
    })
  })

  describe('a job that is to be removed', () => {
    const hidden = (id: string, afterMs: number) => aDoorJob(id, { deleteAfter: at(afterMs), requestDigest: 'x' })

    it('is in no list, and runs like any other', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(aJob('shown'))
      await first.insert({ ...hidden('waiting', 9), owner: 'ann' })
      await insertEnded(first, { ...hidden('done', 9), owner: 'ann' })
      await first.close()
      const jobs = await openStore(store)
      const listed = (query: object) => jobs.list({ limit: 9, ...query })
      expect((await listed({})).map(({ id }) => id)).toEqual(['shown'])
      for (const query of [{ owner: 'ann' }, { status: 'completed' }, { owner: 'ann', provider: 'echo' }])
        expect(await listed(query)).toEqual([])
      expect(await jobs.find('done')).toMatchObject({ status: 'completed', deleteAfter: at(9) })
      expect((await jobs.findPending(9)).map(({ id }) => id)).toEqual(['shown', 'waiting'])
      expect((await jobs.findByRequest('x', 9)).map(({ id }) => id)).toEqual(['waiting', 'done'])
    })

    it('is removed when it is final and its time has come', async () => {
      const jobs = await openNew()
      for (const [id, afterMs] of [
        ['c', 3],
        ['a', 1],
        ['b', 2],
        ['later', 500],
      ] as const)
        await insertEnded(jobs, hidden(id, afterMs))
      await jobs.insert(hidden('waiting', 1))
      await jobs.insert(startJob(hidden('running', 1), CREATED_AT))
      await insertEnded(jobs, aJob('shown'))
      expect(await jobs.deleteHidden(CREATED_AT, 9)).toBe(0)
      expect(await jobs.deleteHidden(CREATED_AT + 3, 2)).toBe(2)
      expect(await jobs.find('c')).toBeDefined()
      expect(await jobs.deleteHidden(CREATED_AT + 3, 9)).toBe(1)
      expect(await jobs.deleteHidden(CREATED_AT + 3, 9)).toBe(0)
      for (const id of ['a', 'b', 'c']) expect(await jobs.find(id)).toBeUndefined()
      for (const id of ['later', 'waiting', 'running', 'shown']) expect(await jobs.find(id)).toBeDefined()
      expect((await jobs.findByRequest('x', 9)).map(({ id }) => id)).toEqual(['waiting', 'running', 'later'])
    })

    it('leaves what it cost in the ledger', async () => {
      const jobs = await openNew()
      const running = startJob(hidden('a', 1), CREATED_AT)
      await jobs.insert(running)
      const metrics = { ...running.metrics, cost: { usd: 0.1, priced: 'exact' } as const }
      await jobs.replace(finishJob(running, { result: '', metrics }, { status: 'completed' }, CREATED_AT), running)
      expect(await jobs.deleteHidden(CREATED_AT + 1, 9)).toBe(1)
      const query = { from: '2026-01-01', to: '2026-01-31', groupBy: ['model'], limit: 9 } as const
      expect(await jobs.sumUsage(query)).toMatchObject([{ jobs: 1, usdBillionths: 100_000_000 }])
    })

    it('may be removed by several at once', async () => {
      const jobs = await openNew()
      for (let index = 0; index < 20; index++) await insertEnded(jobs, hidden(`job-${index}`, index))
      const removed = await Promise.all([1, 2, 3].map(() => jobs.deleteHidden(CREATED_AT + 99, 99)))
      expect(removed.reduce((sum, count) => sum + count)).toBe(20)
    })
  })

  describe.each([
    ['carries', { carries: [{ message: 0, part: 0, provider: 'openai', json: { type: 'text', ...KEPT } }] }],
    ['reasoning', { messages: [{ role: 'assistant', content: [{ type: 'reasoning', ...KEPT }] }] }],
    ['refusals', { messages: [{ role: 'assistant', content: [{ type: 'refusal', ...KEPT }] }] }],
  ] satisfies [string, Partial<StoredPendingJob>][])('items of %s', (_, content) => {
    const carrying: StoredPendingJob = { ...aJob('a'), owner: 'ann', ...content }
    const sweep = (jobs: JobRepository) => jobs.sweepItems(Date.now() + 86_400_000, 99)

    it('stay as long as their job, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.storeItems([ITEM])
      await insertEnded(first, carrying)
      expect(await sweep(first)).toBe(0)
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('a')).toMatchObject(content)
      expect(await sweep(jobs)).toBe(0)
      expect(await jobs.findItem(ITEM.id)).toBeDefined()
      expect(await jobs.countStoredBytes('ann')).toBe(ITEM.bytes.length)
      await jobs.deleteFinal('a')
      expect(await sweep(jobs)).toBe(1)
    })

    it('are refused to a job when they are gone', async () => {
      const jobs = await openNew()
      await expect(jobs.insert(carrying)).rejects.toThrow(ItemSweptError)
      expect(await jobs.find('a')).toBeUndefined()
    })
  })
}
