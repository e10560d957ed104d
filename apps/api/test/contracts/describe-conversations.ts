import type { ShownMessage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { newJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { PreviousJobGoneError } from '../../src/jobs/ports/storage-errors.ts'
import { aJob, CREATED_AT, insertFinished, type NewStore, openStore } from './stored-job.ts'

const ODD = '\0, \ud83d \u0010 \u2028 "\\" 🙂 \ude42'

const MESSAGES: ShownMessage[] = [
  { role: 'system', content: ODD },
  {
    role: 'user',
    content: [
      { type: 'text', text: ODD },
      { type: 'image', url: `https://example.com/${ODD}` },
    ],
  },
  {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: ODD },
      { type: 'refusal', text: ODD },
      { type: 'tool-call', callId: ODD, name: 'look', arguments: ODD },
    ],
  },
  { role: 'tool', content: [{ type: 'tool-result', callId: ODD, content: ODD }] },
]

function aTurn(id: string, previousJobId?: string): StoredPendingJob {
  const request = { prompt: ODD, messages: MESSAGES, provider: 'echo', model: 'echo' }
  return newJob(id, { ...request, ...(previousJobId !== undefined && { previousJobId }) }, CREATED_AT)
}

/** Jobs of messages, and jobs whose conversation goes on. */
export function describeConversations(newStore: NewStore): void {
  describe('conversations', () => {
    const openNew = async () => openStore(await newStore())
    const idsIn = async (jobs: JobRepository) => (await jobs.list({ limit: 99 })).map(({ id }) => id).toSorted()

    it('have their messages and their previous job as they were inserted, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(aTurn('a\0\ud83d'))
      await first.insert(startJob(aTurn('b', 'a\0\ud83d'), CREATED_AT), { key: 'order', fingerprint: 'x' })
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('a\0\ud83d')).toEqual(aTurn('a\0\ud83d'))
      const second = startJob(aTurn('b', 'a\0\ud83d'), CREATED_AT)
      expect(await jobs.find('b')).toEqual(second)
      expect(await jobs.findByIdempotencyKey('order', CREATED_AT)).toEqual({ job: second, fingerprint: 'x' })
    })

    it('are in lists without their messages', async () => {
      const jobs = await openNew()
      await jobs.insert(aTurn('a'))
      await jobs.insert(aTurn('b', 'a'))
      const [b, a] = await jobs.list({ limit: 9 })
      expect(a).toEqual({
        id: 'a',
        prompt: ODD,
        promptLength: ODD.length,
        provider: 'echo',
        model: 'echo',
        status: 'pending',
        createdAt: new Date(CREATED_AT).toISOString(),
        updatedAt: new Date(CREATED_AT).toISOString(),
      })
      expect(b).toMatchObject({ id: 'b', previousJobId: 'a' })
    })

    it('go on behind any job that is there, and behind no other', async () => {
      const jobs = await openNew()
      await expect(jobs.insert(aTurn('a', 'unknown'))).rejects.toThrow(PreviousJobGoneError)
      const keyed = jobs.insert(aTurn('a', 'unknown'), { key: 'order', fingerprint: 'x' })
      await expect(keyed).rejects.toThrow(PreviousJobGoneError)
      expect(await jobs.find('a')).toBeUndefined()
      expect(await jobs.findByIdempotencyKey('order', CREATED_AT)).toBeUndefined()
      await insertFinished(jobs, aJob('first'), CREATED_AT)
      await Promise.all(['a', 'b', 'c'].map((id) => jobs.insert(aTurn(id, 'first'))))
      expect(await idsIn(jobs)).toEqual(['a', 'b', 'c', 'first'])
    })

    it('let other jobs be stored that arrive together with one that is refused', async () => {
      const jobs = await openNew()
      const inserts = ['unknown', undefined, 'unknown', undefined].map((previous, index) =>
        jobs.insert(aTurn(`job-${index}`, previous)),
      )
      expect((await Promise.allSettled(inserts)).map(({ status }) => status)).toEqual([
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ])
      expect(await idsIn(jobs)).toEqual(['job-1', 'job-3'])
    })

    it('repeat the answer to a key also when the previous job was removed since', async () => {
      const jobs = await openNew()
      await insertFinished(jobs, aJob('first'), CREATED_AT)
      const key = { key: 'order', fingerprint: 'x' }
      await jobs.insert(aTurn('a', 'first'), key)
      expect(await jobs.deleteFinal('first')).toBe(true)
      expect(await jobs.insert(aTurn('b', 'first'), key)).toMatchObject({ job: { id: 'a' } })
      await expect(jobs.insert(aTurn('c', 'first'))).rejects.toThrow(PreviousJobGoneError)
    })

    describe('expire', () => {
      const EXPIRY = { endedBefore: CREATED_AT + 100, endedLongBefore: CREATED_AT + 10 }
      /** A job that ended so many milliseconds after `CREATED_AT`. */
      const finish = (jobs: JobRepository, id: string, endedAt: number, previous?: string) =>
        insertFinished(jobs, aTurn(id, previous), CREATED_AT + endedAt)

      it('with the job that ended before a time, those that ended first before others, up to a limit', async () => {
        const jobs = await openNew()
        for (const [id, at] of Object.entries({ b: 12, a: 13, d: 11, c: 99, e: 100 })) await finish(jobs, id, at)
        await jobs.insert(aJob('waiting', CREATED_AT - 5))
        await jobs.insert(startJob(aJob('running', CREATED_AT - 5), CREATED_AT))
        expect(await jobs.deleteExpired(EXPIRY, 2)).toBe(2)
        expect(await idsIn(jobs)).toEqual(['a', 'c', 'e', 'running', 'waiting'])
        expect(await jobs.deleteExpired(EXPIRY, 9)).toBe(2)
        expect(await jobs.deleteExpired(EXPIRY, 9)).toBe(0)
        expect(await idsIn(jobs)).toEqual(['e', 'running', 'waiting'])
      })

      it('not while a job behind them, however far, ended later', async () => {
        const jobs = await openNew()
        const chain = Array.from({ length: 12 }, (_, index) => `turn-${index}`)
        for (const [index, id] of chain.entries()) await finish(jobs, id, 20 + index, chain[index - 1])
        await finish(jobs, 'last', 100, chain.at(-1))
        expect(await jobs.deleteExpired(EXPIRY, 99)).toBe(0)
        expect(await jobs.deleteExpired({ ...EXPIRY, endedBefore: CREATED_AT + 101 }, 99)).toBe(13)
      })

      it('not while a job in one of their branches has not ended, and only that branch is kept', async () => {
        const jobs = await openNew()
        await finish(jobs, 'root', 20)
        await finish(jobs, 'left', 21, 'root')
        await finish(jobs, 'left end', 22, 'left')
        await finish(jobs, 'right', 23, 'root')
        await jobs.insert(aTurn('right waits', 'right'))
        await finish(jobs, 'alone', 24)
        expect(await jobs.deleteExpired(EXPIRY, 99)).toBe(3)
        expect(await idsIn(jobs)).toEqual(['right', 'right waits', 'root'])
      })

      it('or go on, when both happen at once', async () => {
        const jobs = await openNew()
        for (let round = 0; round < 10; round += 1) {
          const previous = `first-${round}`
          await finish(jobs, previous, 20)
          const [removed, inserted] = await Promise.allSettled([
            jobs.deleteExpired(EXPIRY, 99),
            jobs.insert(aTurn(`second-${round}`, previous)),
          ])
          expect(removed.status).toBe('fulfilled')
          if (inserted.status === 'fulfilled') expect(await jobs.find(previous)).toBeDefined()
          else expect(inserted.reason).toBeInstanceOf(PreviousJobGoneError)
        }
      })

      it('in any case after the longest time, and the conversation goes on behind the gap', async () => {
        const jobs = await openNew()
        await finish(jobs, 'very old', 9)
        await finish(jobs, 'old', 50, 'very old')
        await finish(jobs, 'young', 100, 'old')
        expect(await jobs.deleteExpired(EXPIRY, 99)).toBe(1)
        expect(await idsIn(jobs)).toEqual(['old', 'young'])
        expect(await jobs.find('old')).toMatchObject({ previousJobId: 'very old' })
      })
    })
  })
}
