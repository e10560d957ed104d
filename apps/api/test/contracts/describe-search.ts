import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { finishJob, newJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import type { JobPosition, JobQuery } from '../../src/jobs/ports/stored-values.ts'
import { askedWords } from '../../src/jobs/search/words.ts'
import { GrowingJob } from './growing-job.ts'
import { CREATED_AT, type NewStore, openStore } from './stored-job.ts'

interface Asked extends Partial<JobQuery> {
  readonly id: string
  readonly prompt?: string
  readonly at?: number
}

function aJobOf({ id, prompt = '', at = 0, owner }: Asked): StoredPendingJob {
  return newJob(id, { prompt, provider: 'echo', model: 'echo' }, CREATED_AT + at, owner)
}

/** Stores a job that ended with an answer. */
async function answered(jobs: JobRepository, asked: Asked, text = ''): Promise<void> {
  const running = startJob(aJobOf(asked), CREATED_AT)
  await jobs.insert(running)
  const ended = finishJob(running, { ...running, result: text }, { status: 'completed' }, CREATED_AT + 50)
  await jobs.replace(ended, running)
}

/** Everything that a search finds, page by page. */
async function found(jobs: JobRepository, search: string, query: Partial<JobQuery> = {}): Promise<string[]> {
  const ids: string[] = []
  let after: JobPosition | undefined
  do {
    const page = await jobs.search({ limit: 2, after, ...query, words: askedWords(search) })
    expect(page.jobs.length).toBeLessThanOrEqual(2)
    ids.push(...page.jobs.map(({ id }) => id))
    after = page.goesOnAt
  } while (after)
  return ids
}

async function indexAll(jobs: JobRepository, now = CREATED_AT + 100): Promise<void> {
  while (await jobs.indexEnded(now, 2));
}

/** The search over prompts and answers, with and without its index. */
export function describeSearch(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('a search', () => {
    describe.each([
      { when: 'before jobs are in the index', index: async () => {} },
      { when: 'when jobs are in the index', index: indexAll },
    ])('$when', ({ index }) => {
      it('finds jobs whose prompt and answer have all words, newest first, in pages', async () => {
        const jobs = await openNew()
        for (const at of [1, 2, 3, 4, 5])
          await answered(jobs, { id: `${at}`, prompt: 'Tell a story', at }, 'Once upon a time')
        await answered(jobs, { id: 'other', prompt: 'Tell a lie', at: 6 }, 'Once')
        await index(jobs)
        expect(await found(jobs, 'STORY, once')).toEqual(['5', '4', '3', '2', '1'])
        expect(await found(jobs, 'tell')).toEqual(['other', '5', '4', '3', '2', '1'])
        expect(await found(jobs, 'story lie')).toEqual([])
      })

      it.each([
        ['the beginning of a word', 'The quick-brown fox', ['qui', 'brow', 'fox'], ['uick', 'foxes']],
        ['whatever the case and accents', 'ÉCOLE Straße ΟΔΟΣ İstanbul', ['ecole', 'école', 'οδός', 'ISTAN'], ['ecolo']],
        ['digits and letters', 'order 1207-b, v2.5', ['1207', '12', 'v2', '5'], ['207']],
        ['scripts without spaces', '東京タワーに行く สวัสดี', ['京', '東京', 'タワ', 'สวั'], ['北']],
        ['other letters than those of the BMP', '𝔘nicode 𐐀𐐁x', ['unicode', '𐐨', '𐐀𐐁x'], ['𐐂']],
        ['words with quotes, signs and stars around them', '"it\'s" (50%)* NEAR/2', ['it', 's', '50', 'near'], ['not']],
        ['words beside what the store encodes', 'a\0b \ud83d\u0010c \ude42d', ['a', 'b', 'c', 'd'], ['0000', 'd83d']],
        ['a long word by its beginning', 'x'.repeat(100), ['x'.repeat(32), 'x'.repeat(99)], [`${'x'.repeat(31)}y`]],
      ])('finds %s', async (_, text, hits, misses) => {
        const jobs = await openNew()
        await answered(jobs, { id: 'asked', prompt: text, at: 1 })
        await answered(jobs, { id: 'answer', prompt: '-' }, text)
        await index(jobs)
        for (const hit of hits) expect([hit, await found(jobs, hit)]).toEqual([hit, ['asked', 'answer']])
        for (const miss of misses) expect([miss, await found(jobs, miss)]).toEqual([miss, []])
      })

      it('finds only jobs that lists with the same filters show', async () => {
        const jobs = await openNew()
        await answered(jobs, { id: 'a', prompt: 'word', owner: 'ann', at: 1 })
        await answered(jobs, { id: 'b', prompt: 'word', owner: 'bob', at: 2 })
        await answered(jobs, { id: 'c', prompt: 'word', owner: 'ann', at: 3 })
        const hidden = { ...aJobOf({ id: 'hidden', prompt: 'word', owner: 'ann', at: 4 }) }
        await jobs.insert({ ...hidden, deleteAfter: new Date(CREATED_AT).toISOString() })
        const noted = newJob(
          'noted',
          { prompt: 'word', provider: 'other', model: 'm', metadata: { run: '7' } },
          CREATED_AT,
          'ann',
        )
        const running = startJob(noted, CREATED_AT)
        await jobs.insert(running)
        await jobs.replace(finishJob(running, running, { status: 'cancelled' }, CREATED_AT + 9), running)
        await index(jobs)
        expect(await found(jobs, 'word', { owner: 'ann' })).toEqual(['c', 'a', 'noted'])
        expect(await found(jobs, 'word', { owner: 'ann', status: 'completed' })).toEqual(['c', 'a'])
        expect(await found(jobs, 'word', { provider: 'other', model: 'm' })).toEqual(['noted'])
        expect(await found(jobs, 'word', { metadata: { run: '7' } })).toEqual(['noted'])
        const createdFrom = new Date(CREATED_AT + 1).toISOString()
        const createdBefore = new Date(CREATED_AT + 3).toISOString()
        expect(await found(jobs, 'word', { createdFrom, createdBefore })).toEqual(['b', 'a'])
      })

      it('finds no job that was deleted', async () => {
        const jobs = await openNew()
        await answered(jobs, { id: 'a', prompt: 'word' })
        await answered(jobs, { id: 'b', prompt: 'word', at: 1 })
        await index(jobs)
        await jobs.deleteFinal('a')
        expect(await found(jobs, 'word')).toEqual(['b'])
        await answered(jobs, { id: 'a', prompt: 'another' })
        await index(jobs)
        expect(await found(jobs, 'word')).toEqual(['b'])
        expect(await found(jobs, 'another')).toEqual(['a'])
      })
    })

    it('finds jobs that wait and that run, by what they have said so far', async () => {
      const jobs = await openNew()
      await jobs.insert(aJobOf({ id: 'waits', prompt: 'word', at: 1 }))
      const running = startJob(aJobOf({ id: 'runs' }), CREATED_AT)
      await jobs.insert(running)
      await jobs.checkpoint([new GrowingJob(running).say('half a wo').checkpoint])
      await indexAll(jobs)
      expect(await found(jobs, 'wo')).toEqual(['waits', 'runs'])
      await jobs.checkpoint([new GrowingJob(running).say('half a wo').say('rd').checkpoint])
      expect(await found(jobs, 'word')).toEqual(['waits', 'runs'])
    })

    it('finds jobs that ended since the index was made, and those whose end was stored late', async () => {
      const jobs = await openNew()
      await indexAll(jobs, CREATED_AT + 60_000)
      await answered(jobs, { id: 'a', prompt: 'word' })
      expect(await found(jobs, 'word')).toEqual(['a'])
      await indexAll(jobs, CREATED_AT + 62_000)
      await answered(jobs, { id: 'b', prompt: 'word', at: 1 })
      expect(await found(jobs, 'word')).toEqual(['b', 'a'])
      // Two hours later.
      await indexAll(jobs, CREATED_AT + 7_200_000)
      expect(await found(jobs, 'word')).toEqual(['b', 'a'])
    })

    it('finds all of many jobs in and beside the index, once each', async () => {
      const jobs = await openNew()
      const ids = Array.from({ length: 40 }, (_, at) => `job-${String(at).padStart(2, '0')}`)
      for (const [at, id] of ids.entries()) {
        if (at === 20) await indexAll(jobs)
        await answered(jobs, { id, prompt: 'word', at: at % 7 })
      }
      const all = await found(jobs, 'word')
      const listed = (await jobs.list({ limit: 99 })).map(({ id }) => id)
      expect(all).toEqual(listed)
      expect(all.toSorted()).toEqual(ids)
    })

    it('ends a page early when it has read much, and finds the rest on the next pages, while other work goes on', async () => {
      const jobs = await openNew()
      const long = 'some words '.repeat(9_000)
      await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          answered(jobs, { id: `long-${at}`, prompt: at === 0 ? `needle ${long}` : long, at }),
        ),
      )
      let turns = 0
      let isOver = false
      const otherWork = (async () => {
        for (; !isOver; turns++) await setImmediate()
      })()
      const first = await jobs.search({ limit: 2, words: ['needle'] })
      isOver = true
      await otherWork
      expect(turns).toBeGreaterThan(1)
      expect(first).toMatchObject({ jobs: [], goesOnAt: { id: expect.stringContaining('long-') } })
      expect(await found(jobs, 'needle')).toEqual(['long-0'])
      await indexAll(jobs)
      expect((await jobs.search({ limit: 2, words: ['needle'] })).jobs).toHaveLength(1)
    })

    it('is the same after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await answered(first, { id: 'a', prompt: 'word' })
      await indexAll(first)
      await first.close()
      const second = await openStore(store)
      expect(await found(second, 'word')).toEqual(['a'])
      await indexAll(second)
      expect(await found(second, 'word')).toEqual(['a'])
    })
  })
}
