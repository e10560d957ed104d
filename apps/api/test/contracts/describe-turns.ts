import { describe, expect, it } from 'vitest'
import { newJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import type { TurnsQuery } from '../../src/jobs/ports/stored-values.ts'
import { GrowingJob } from './growing-job.ts'
import { CREATED_AT, insertFinished, type NewStore, openStore } from './stored-job.ts'

const ODD = '\0 \ud83d'

interface Turn {
  readonly previous?: string
  readonly owner?: string
  readonly prompt?: string
}

function aTurn(id: string, { previous, owner, prompt = id }: Turn) {
  const request = { prompt, provider: 'echo', model: 'echo', metadata: { turn: id }, previousJobId: previous }
  return newJob(id, request, CREATED_AT, owner)
}

/** Stores jobs that go on with each other. */
async function converse(jobs: JobRepository, ids: readonly string[], turn: Turn = {}): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const previous = ids[index - 1]
    await insertFinished(jobs, aTurn(id, { ...turn, ...(previous !== undefined && { previous }) }), CREATED_AT + index)
  }
}

/** The jobs of a conversation, read together. */
export function describeTurns(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())
  const turns = async (jobs: JobRepository, id: string, query: Partial<TurnsQuery> = {}) => {
    const found = await jobs.findTurns({ owner: undefined, limit: 20, maxBytes: 1_000_000, id, ...query })
    return [...found.jobs.map((job) => job.id), ...(found.hasEarlier ? ['earlier'] : [])]
  }

  describe('the turns of a conversation', () => {
    it('are the job and those before it, oldest first, as they are found alone', async () => {
      const jobs = await openNew()
      const ids = ['first', ODD, 'third']
      await converse(jobs, ids)
      const running = startJob(aTurn('fourth', { previous: 'third' }), CREATED_AT)
      await jobs.insert(running)
      await jobs.checkpoint([new GrowingJob(running).say('so far').checkpoint])
      const found = await jobs.findTurns({ id: 'fourth', owner: undefined, limit: 9, maxBytes: 1_000_000 })
      expect(found).toEqual({
        jobs: await Promise.all([...ids, 'fourth'].map((id) => jobs.find(id))),
        hasEarlier: false,
      })
      expect(found.jobs.at(-1)).toMatchObject({ result: 'so far', metadata: { turn: 'fourth' } })
      expect(await turns(jobs, ODD)).toEqual(['first', ODD])
      expect(await turns(jobs, 'unknown')).toEqual([])
    })

    it('are the newest up to a limit', async () => {
      const jobs = await openNew()
      await converse(jobs, ['1', '2', '3', '4'])
      expect(await turns(jobs, '4', { limit: 2 })).toEqual(['3', '4', 'earlier'])
      expect(await turns(jobs, '4', { limit: 4 })).toEqual(['1', '2', '3', '4'])
      expect(await turns(jobs, '3', { limit: 1 })).toEqual(['3', 'earlier'])
    })

    it('are fewer if they are long together, and always the last one', async () => {
      const jobs = await openNew()
      await converse(jobs, ['1', '2', '3', '4'], { prompt: 'x'.repeat(10_000) })
      expect(await turns(jobs, '4', { maxBytes: 35_000 })).toEqual(['2', '3', '4', 'earlier'])
      expect(await turns(jobs, '4', { maxBytes: 1 })).toEqual(['4', 'earlier'])
      expect(await turns(jobs, '1', { maxBytes: 1 })).toEqual(['1'])
    })

    it('begin behind a job that is gone, hidden, or of another caller', async () => {
      const jobs = await openNew()
      await converse(jobs, ['gone', 'a'])
      await jobs.deleteFinal('gone')
      expect(await turns(jobs, 'a')).toEqual(['a'])
      await insertFinished(jobs, aTurn('ann 1', { owner: 'ann' }), CREATED_AT)
      await insertFinished(jobs, aTurn('bob 2', { owner: 'bob', previous: 'ann 1' }), CREATED_AT)
      expect(await turns(jobs, 'bob 2', { owner: 'bob' })).toEqual(['bob 2'])
      expect(await turns(jobs, 'bob 2', { owner: 'ann' })).toEqual([])
      expect(await turns(jobs, 'bob 2')).toEqual(['ann 1', 'bob 2'])
      const hidden = { ...aTurn('hidden', { owner: 'ann' }), deleteAfter: new Date(CREATED_AT).toISOString() }
      await insertFinished(jobs, hidden, CREATED_AT)
      await insertFinished(jobs, aTurn('behind', { owner: 'ann', previous: 'hidden' }), CREATED_AT)
      expect(await turns(jobs, 'behind', { owner: 'ann' })).toEqual(['behind'])
      expect(await turns(jobs, 'hidden')).toEqual([])
    })

    it('are found by their ids alone, newest first, up to a limit, with the one before them that is gone', async () => {
      const jobs = await openNew()
      const ids = ['gone', 'first', ODD, 'third']
      await converse(jobs, ids)
      expect(await jobs.findTurnIds('third', 9)).toEqual({ ids: ids.toReversed() })
      expect(await jobs.findTurnIds('third', 2)).toEqual({ ids: ['third', ODD] })
      await jobs.deleteFinal('gone')
      expect(await jobs.findTurnIds('third', 9)).toEqual({ ids: ['third', ODD, 'first'], goneId: 'gone' })
      expect(await jobs.findTurnIds('third', 3)).toEqual({ ids: ['third', ODD, 'first'] })
      expect(await jobs.findTurnIds('unknown', 9)).toEqual({ ids: [], goneId: 'unknown' })
    })

    it('are read together by their ids, in their order, without those that are gone', async () => {
      const jobs = await openNew()
      await converse(jobs, ['first', ODD, 'third'])
      const found = await jobs.findEach(['third', 'unknown', ODD, 'first'])
      expect(found).toEqual(await Promise.all(['third', ODD, 'first'].map((id) => jobs.find(id))))
      expect(await jobs.findEach([])).toEqual([])
    })
  })
}
