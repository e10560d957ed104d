import { describe, expect, it } from 'vitest'
import { finishJob, type StoredPendingJob, type StoredRunningJob, startJob } from '../../src/jobs/job.ts'
import type { RunState } from '../../src/jobs/run-state.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, type NewStore, openStore } from './stored-job.ts'

const at = (ms: number) => new Date(CREATED_AT + ms).toISOString()

const FALLBACKS = [
  { provider: 'openai', model: 'a\0b \ud83d "{}"' },
  { provider: 'anthropic', model: 'sonnet' },
]
const RUN_STATE: RunState = {
  vendorRun: { provider: 'openai', model: 'gpt', handle: { id: 'a\0b \ud83d 🙂', list: [1, null] } },
  attempts: 2,
  calls: [{ provider: 'openai', model: 'gpt', startedAt: at(0), endedBecause: 'provider-rate-limited' }],
  choice: 1,
}
const WAITING_FOR = { reason: 'rate-limit', until: at(30_000) } as const

const everything: StoredPendingJob = {
  ...aJob('all'),
  fallbacks: FALLBACKS,
  waitingFor: WAITING_FOR,
  runState: RUN_STATE,
  watchedUntil: at(120_000),
}

/** The job back in line, as its run leaves it. */
function waitingAgain(running: StoredRunningJob, more: Partial<StoredPendingJob> = {}): StoredPendingJob {
  const { result: _r, metrics: _m, parts: _p, tape: _t, status: _s, ...asked } = running
  return { ...asked, status: 'pending', waitingFor: WAITING_FOR, runState: RUN_STATE, updatedAt: at(9), ...more }
}

function cancelled(job: StoredPendingJob) {
  const running = startJob(job, CREATED_AT)
  return finishJob(running, running, { status: 'cancelled' }, CREATED_AT)
}

/** What jobs are stored with so that they end well: fallbacks, run states, waits for vendors, and watches. */
export function describeEndings(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('fallbacks, a run state, a wait for a vendor and a watch', () => {
    it('are found with the job, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      const { waitingFor: _, ...unpaused } = everything
      const running = startJob({ ...unpaused, id: 'running' }, CREATED_AT)
      await first.insert(everything)
      await first.insert(running)
      expect(await first.find('all')).toEqual(everything)
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('all')).toEqual(everything)
      expect(await jobs.find('running')).toEqual(running)
      expect(await jobs.takeOver({ id: 'running', run: 1 })).toEqual({ ...running, run: 2 })
      expect(await jobs.find('running')).toMatchObject({ runState: RUN_STATE, watchedUntil: at(120_000) })
    })

    it('are no more than the fallbacks once the job has ended, whatever its final state says', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(everything)
      const { runState, watchedUntil } = everything
      const ended = cancelled(everything)
      expect(await first.replace({ ...ended, runState, watchedUntil }, { status: 'pending' })).toBe(true)
      expect(await first.find('all')).toEqual(ended)
      expect(ended).not.toHaveProperty('runState')
      expect(ended).not.toHaveProperty('waitingFor')
      expect(await first.findUnwatched(CREATED_AT + 999_999, 9)).toEqual([])
      expect(await first.replaceClient('all', { client: undefined, watchedUntil }, undefined)).toBe(true)
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('all')).toEqual(ended)
      expect(await jobs.findUnwatched(CREATED_AT + 999_999, 9)).toEqual([])
    })

    it('are in lists where they are short: why a job waits is, and its fallbacks are not', async () => {
      const jobs = await openNew()
      await jobs.insert(everything)
      await jobs.insert(startJob({ ...everything, id: 'running' }, CREATED_AT))
      const [running, waiting] = await jobs.list({ limit: 9 })
      expect(waiting).toMatchObject({ id: 'all', waitingFor: WAITING_FOR })
      for (const summary of [running, waiting]) expect(summary).not.toHaveProperty('fallbacks')
      expect(running).not.toHaveProperty('waitingFor')
    })
  })

  describe('a running job that waits again', () => {
    it('has lost what its run said, and has its wait and its run state', async () => {
      const store = await newStore()
      const first = await store.open()
      const job = new GrowingJob(startJob({ ...aJob('a'), fallbacks: FALLBACKS }, CREATED_AT))
      await first.insert(job.now)
      await first.checkpoint([job.say('said', { type: 'reasoning', text: 'hm' }, 'more').checkpoint])
      const waiting = waitingAgain(job.now)
      // A caller may leave fields of the run in place.
      const { parts, tape } = job.now
      expect(await first.replace({ ...waiting, ...(parts && { parts }), tape }, { status: 'running', run: 2 })).toBe(
        false,
      )
      expect(await first.replace({ ...waiting, ...(parts && { parts }), tape }, { status: 'running', run: 1 })).toBe(
        true,
      )
      expect(await first.find('a')).toEqual(waiting)
      expect(await first.find('a')).toMatchObject({ run: 1 })
      expect(await first.findAbandoned(9)).toEqual([])
      await first.close()

      const jobs = await openStore(store)
      expect(await jobs.find('a')).toEqual(waiting)
      expect(await jobs.findAbandoned(9)).toEqual([])
      const running = startJob(waiting, CREATED_AT + 50)
      expect(await jobs.replace(running, { status: 'pending', run: 1 })).toBe(true)
      expect(await jobs.find('a')).toEqual(running)
      expect(running).toMatchObject({ run: 2, runState: RUN_STATE })
      expect(running).not.toHaveProperty('waitingFor')
      const again = new GrowingJob(running)
      expect(await jobs.checkpoint([job.checkpoint])).toEqual(new Set())
      await jobs.checkpoint([again.say({ type: 'refusal', text: 'no' }).checkpoint])
      expect(await jobs.find('a')).toEqual(again.now)
    })

    it('is among the waiting jobs, with the time before which it may not run', async () => {
      const store = await newStore()
      const first = await store.open()
      const running = startJob({ ...aJob('a'), owner: 'ann' }, CREATED_AT)
      await first.insert(running)
      await first.insert(aJob('b', CREATED_AT + 1))
      await first.replace(waitingAgain(running), running)
      const expected = [
        { id: 'a', provider: 'echo', model: 'echo', createdAt: at(0), owner: 'ann', notBefore: CREATED_AT + 30_000 },
        { id: 'b', provider: 'echo', model: 'echo', createdAt: at(1) },
      ]
      expect(await first.findPending(9)).toEqual(expected)
      await first.close()
      expect(await (await openStore(store)).findPending(9)).toEqual(expected)
    })

    it('waits no longer once it is stored without a wait', async () => {
      const jobs = await openNew()
      const running = startJob(aJob('a'), CREATED_AT)
      await jobs.insert(running)
      const waiting = waitingAgain(running)
      await jobs.replace(waiting, running)
      const { waitingFor: _w, runState: _r, ...plain } = waiting
      expect(await jobs.replace(plain, { status: 'pending', run: 1 })).toBe(true)
      expect(await jobs.find('a')).toEqual(plain)
      const [found] = await jobs.findPending(9)
      expect(found).not.toHaveProperty('notBefore')
    })
  })

  describe('the run state of a checkpoint', () => {
    it('replaces the stored one, also when the answer has not grown, and stays where there is none', async () => {
      const store = await newStore()
      const first = await store.open()
      const running = startJob(aJob('a'), CREATED_AT)
      const job = new GrowingJob(running)
      await first.insert(running)
      const stored = async (runState: RunState) => expect(await first.find('a')).toEqual({ ...job.now, runState })
      await first.checkpoint([{ ...job.checkpoint, runState: { attempts: 1 } }])
      expect(await first.find('a')).toEqual({ ...running, runState: { attempts: 1 } })
      await first.checkpoint([{ ...job.say('so ', { type: 'reasoning', text: 'hm' }).checkpoint, runState: RUN_STATE }])
      await stored(RUN_STATE)
      await first.checkpoint([job.confirm().say('far').checkpoint])
      await stored(RUN_STATE)
      await first.checkpoint([{ ...job.confirm().checkpoint, runState: RUN_STATE }])
      await first.checkpoint([job.checkpoint])
      await stored(RUN_STATE)
      await first.checkpoint([{ ...job.checkpoint, runState: { attempts: 3 } }])
      await first.checkpoint([job.say(', and on').checkpoint])
      await stored({ attempts: 3 })
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.takeOver({ id: 'a', run: 1 })).toEqual({ ...job.now, run: 2, runState: { attempts: 3 } })
      expect(await jobs.checkpoint([{ ...job.checkpoint, runState: RUN_STATE }])).toEqual(new Set())
      expect(await jobs.find('a')).toMatchObject({ runState: { attempts: 3 } })
    })
  })

  describe('a job that somebody waits for', () => {
    const watched = (id: string, afterMs: number) => ({ ...aJob(id), watchedUntil: at(afterMs) })

    it('is found when its time has passed and it has not ended', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.insert(watched('c', 30))
      await first.insert(startJob(watched('a', 10), CREATED_AT))
      await first.insert(startJob({ ...watched('b', 20), deleteAfter: at(500) }, CREATED_AT))
      await first.insert(watched('later', 500))
      await first.insert(aJob('unwatched'))
      await first.insert(watched('ended', 1))
      await first.replace(cancelled(watched('ended', 1)), { status: 'pending' })
      const [a, b, c] = [{ id: 'a', run: 1 }, { id: 'b', run: 1 }, { id: 'c' }]
      expect(await first.findUnwatched(CREATED_AT, 9)).toEqual([])
      expect(await first.findUnwatched(CREATED_AT + 20, 9)).toEqual([a, b])
      expect(await first.findUnwatched(CREATED_AT + 30, 9)).toEqual([a, b, c])
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.findUnwatched(CREATED_AT + 30, 9)).toEqual([a, b, c])
      expect(await jobs.findUnwatched(CREATED_AT + 30, 2)).toEqual([a, b])
      const running = startJob(watched('a', 10), CREATED_AT)
      await jobs.replace(finishJob(running, running, { status: 'completed' }, CREATED_AT), running)
      expect(await jobs.findUnwatched(CREATED_AT + 30, 9)).toEqual([b, c])
    })

    it('is watched longer when its client says so, whatever the states that are stored later say', async () => {
      const store = await newStore()
      const first = await store.open()
      const client = { process: 'one' }
      const job = { ...watched('a', 10), client }
      await first.insert(job)
      expect(await first.replaceClient('a', { client, watchedUntil: at(50) }, client)).toBe(true)
      expect(await first.replaceClient('a', { client, watchedUntil: at(90) }, { process: 'two' })).toBe(false)
      expect(await first.replaceClient('a', { client: undefined }, client)).toBe(true)
      expect(await first.find('a')).toEqual(watched('a', 50))
      await first.replace(startJob(job, CREATED_AT), { status: 'pending' })
      await first.checkpoint([new GrowingJob(startJob(job, CREATED_AT)).say('text').checkpoint])
      expect(await first.find('a')).toMatchObject({ status: 'running', result: 'text', watchedUntil: at(50) })
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.findUnwatched(CREATED_AT + 49, 9)).toEqual([])
      expect(await jobs.findUnwatched(CREATED_AT + 50, 9)).toEqual([{ id: 'a', run: 1 }])
    })

    it('gets a watch although it had none, and from no later state', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'))
      await jobs.replace(startJob(watched('a', 10), CREATED_AT), { status: 'pending' })
      expect(await jobs.find('a')).toEqual(startJob(aJob('a'), CREATED_AT))
      expect(await jobs.replaceClient('a', { client: undefined, watchedUntil: at(5) }, undefined)).toBe(true)
      expect(await jobs.findUnwatched(CREATED_AT + 5, 9)).toEqual([{ id: 'a', run: 1 }])
    })
  })
}
