import { describe, expect, it } from 'vitest'
import { type StoredRunningJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, type NewStore, openStore } from './stored-job.ts'

/** A running job whose process is gone goes to another process. */
export function describeTakeOvers(newStore: NewStore): void {
  describe('a job that is taken over', () => {
    /** A running job whose process is gone, with the answer of its last two checkpoints. */
    async function abandoned(): Promise<{ jobs: JobRepository; before: GrowingJob }> {
      const store = await newStore()
      const first = await store.open()
      const before = new GrowingJob(startJob(aJob('a'), CREATED_AT + 5))
      await first.insert(before.now)
      await first.checkpoint([before.say({ type: 'reasoning', text: 'hm' }, 'so ').checkpoint])
      await first.checkpoint([before.confirm().say('far').checkpoint])
      await first.close()
      return { jobs: await openStore(store), before: before.confirm() }
    }

    async function takeOver(jobs: JobRepository): Promise<StoredRunningJob> {
      const taken = await jobs.takeOver({ id: 'a', run: 1 })
      if (!taken) throw new Error('not taken over')
      return taken
    }

    it('has its stored answer and a higher run number, and is found again until its next state is stored', async () => {
      const { jobs, before } = await abandoned()
      const taken = await takeOver(jobs)
      expect(taken).toEqual({ ...before.now, run: 2 })
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
      const taken = await takeOver(jobs)
      expect(await jobs.checkpoint([before.say(' and further').checkpoint])).toEqual(new Set())
      expect(await jobs.replace(before.finish(CREATED_AT + 9), { status: 'running', run: 1 })).toBe(false)
      expect(await jobs.find('a')).toEqual(taken)
      const after = new GrowingJob(taken).say({ type: 'reasoning', text: 'hm' }, 'so ', 'far').confirm()
      expect(await jobs.checkpoint([after.say(', again').checkpoint])).toEqual(new Set(['a']))
      expect(await jobs.find('a')).toEqual(after.now)
      expect(await jobs.replace(after.finish(CREATED_AT + 9), taken)).toBe(true)
      expect(await jobs.find('a')).toEqual(after.finish(CREATED_AT + 9))
    })

    it('belongs to the process that goes on with it, until that process is gone too', async () => {
      const store = await newStore()
      const first = await store.open()
      const before = new GrowingJob(startJob(aJob('a'), CREATED_AT + 5))
      await first.insert(before.now)
      const runState = { vendorRun: { provider: 'openai', model: 'gpt-4', handle: { id: 'resp_1' } } }
      await first.checkpoint([{ ...before.checkpoint, runState }])
      await first.checkpoint([before.say({ type: 'reasoning', text: 'hm' }, 'so far').checkpoint])
      await first.close()

      const second = await store.open()
      const taken = await takeOver(second)
      expect(await second.replace(taken, taken)).toBe(true)
      expect(await second.findAbandoned(9)).toEqual([])
      expect(await second.find('a')).toEqual(taken)
      expect(taken).toMatchObject({ runState, result: 'so far', run: 2 })
      const after = new GrowingJob(taken).say({ type: 'reasoning', text: 'hm' }, 'so far').confirm()
      await second.checkpoint([after.say(' and further').checkpoint])
      await second.close()

      const third = await openStore(store)
      expect(await third.findAbandoned(9)).toEqual([{ id: 'a', run: 2 }])
      expect(await third.takeOver({ id: 'a', run: 2 })).toMatchObject({
        runState,
        result: 'so far and further',
        run: 3,
      })
    })

    it('begins its answer anew where the later run does', async () => {
      const { jobs } = await abandoned()
      const after = new GrowingJob(await takeOver(jobs)).say({ type: 'reasoning', text: 'h' })
      await jobs.checkpoint([after.checkpoint])
      expect(await jobs.find('a')).toEqual(after.now)
      await jobs.checkpoint([after.confirm().say({ type: 'refusal', text: 'no' }).checkpoint])
      expect(await jobs.find('a')).toEqual(after.now)
    })
  })
}
