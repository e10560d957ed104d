import { describe, expect, it, vi } from 'vitest'
import { newJob, startJob } from '../../src/jobs/job.ts'
import { type JobQueue, QueueFullError } from '../../src/jobs/ports/job-queue.ts'
import { GatedHandler } from '../support/gated-handler.ts'

export interface JobQueueLimits {
  readonly maxConcurrent: number
  readonly maxConcurrentPerProvider: number
  readonly maxConcurrentPerOwner: number
  readonly maxQueued: number
}

const echo = (id: string) => ({ id, provider: 'echo' })

/**
 * The tests that every job queue must pass.
 * @param open makes an empty queue for the providers `echo` and `stuck`, and closes it at the end of the test
 */
export function describeJobQueue(name: string, open: (limits: JobQueueLimits) => Promise<JobQueue>): void {
  const openWith = (limits: Partial<JobQueueLimits> & { maxConcurrent: number }) =>
    open({
      maxConcurrentPerProvider: limits.maxConcurrent,
      maxConcurrentPerOwner: limits.maxConcurrent,
      maxQueued: 10,
      ...limits,
    })

  describe(`${name} as a job queue`, () => {
    it('runs jobs first in, first out, and no more at once than the limit', async () => {
      const queue = await openWith({ maxConcurrent: 2 })
      const handler = new GatedHandler()
      queue.start(handler)
      const ids = ['a', 'b', 'c', 'd', 'e']
      for (const id of ids) await queue.enqueue(echo(id))
      for (const [index, id] of ids.entries()) {
        await handler.hasStarted(Math.min(index + 2, ids.length))
        await handler.finish(id)
      }
      expect(handler.started).toEqual(ids)
      expect(handler.mostAtOnce).toBe(2)
    })

    it('hands out a job that was taken over as soon as it has started, and no other until there is room', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const running = startJob(
        newJob('taken', { prompt: 'Go', provider: 'echo', model: 'echo' }, Date.now()),
        Date.now(),
      )
      const resumed = ['taken', 'over'].map((id) => queue.resume(echo(id), { ...running, id }))
      const handler = new GatedHandler()
      queue.start(handler)
      await handler.hasStarted(2)
      await queue.enqueue(echo('waiting'))
      await handler.finish('taken')
      await resumed[0]
      expect(handler.started.toSorted()).toEqual(['over', 'taken'])
      await handler.finish('over')
      await handler.hasStarted(3)
      expect(handler.started).toContain('waiting')
      await handler.finish('waiting')
    })

    it('runs no more jobs of one caller at once than the limit, and jobs of others meanwhile', async () => {
      const queue = await openWith({ maxConcurrent: 4, maxConcurrentPerOwner: 2, maxQueued: 3 })
      const handler = new GatedHandler()
      queue.start(handler)
      for (const id of ['a1', 'a2', 'a3', 'a4']) await queue.enqueue({ ...echo(id), owner: 'ann' })
      await queue.enqueue({ ...echo('b1'), owner: 'bob' })
      await handler.hasStarted(3)
      expect(handler.started.toSorted()).toEqual(['a1', 'a2', 'b1'])
      // A slot is free, and both waiting jobs are ann's.
      const slot = await queue.reserve({ provider: 'echo', owner: 'ann' })
      expect(slot.startsAtOnce).toBe(false)
      slot.release()
      await handler.finish('a1')
      await handler.hasStarted(4)
      await queue.enqueue(echo('ownerless'))
      await handler.hasStarted(5)
      await handler.finish('a2')
      await handler.hasStarted(6)
      expect(handler.started.toSorted()).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'ownerless'])
      await handler.finishAll()
    })

    it('keeps jobs that are enqueued before its start', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const handler = new GatedHandler()
      await queue.enqueue(echo('early'))
      expect(handler.started).toEqual([])
      queue.start(handler)
      await handler.hasStarted(1)
      await handler.finishAll()
    })

    it('refuses a slot when as many jobs wait as the limit allows, until one is removed', async () => {
      const queue = await openWith({ maxConcurrent: 1, maxQueued: 2 })
      const handler = new GatedHandler()
      queue.start(handler)
      await (await queue.reserve({ provider: 'echo' })).enqueue(echo('running'))
      await handler.hasStarted(1)
      const slot = await queue.reserve({ provider: 'echo' })
      await (await queue.reserve({ provider: 'echo' })).enqueue(echo('waiting'))
      expect(await queue.countWaiting()).toBe(1)
      await expect(queue.reserve({ provider: 'echo' })).rejects.toThrow(QueueFullError)
      slot.release()
      await (await queue.reserve({ provider: 'echo' })).enqueue(echo('also waiting'))
      await expect(queue.reserve({ provider: 'echo' })).rejects.toThrow(QueueFullError)
      await queue.remove(echo('waiting'))
      await queue.remove(echo('never there'))
      await (await queue.reserve({ provider: 'echo' })).enqueue(echo('last'))
      for (const id of ['running', 'also waiting']) {
        await handler.finish(id)
        await handler.hasStarted(handler.started.indexOf(id) + 2)
      }
      expect(handler.started).toEqual(['running', 'also waiting', 'last'])
      await handler.finishAll()
    })

    it('leaves slots for other providers when one provider is stuck', async () => {
      const queue = await openWith({ maxConcurrent: 3, maxConcurrentPerProvider: 2 })
      const handler = new GatedHandler()
      queue.start(handler)
      for (const id of ['stuck-1', 'stuck-2', 'stuck-3']) await queue.enqueue({ id, provider: 'stuck' })
      for (const id of ['a', 'b']) await queue.enqueue(echo(id))
      await handler.hasStarted(3)
      await handler.finish('a')
      await handler.hasStarted(4)
      expect([...handler.started].sort()).toEqual(['a', 'b', 'stuck-1', 'stuck-2'])
      expect(handler.mostAtOnce).toBe(3)
      await handler.finishAll()
      await handler.hasStarted(5)
      await handler.finishAll()
    })

    it('ensure adds the jobs that are missing, and no job twice', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const handler = new GatedHandler()
      await queue.enqueue(echo('known'))
      expect(await queue.ensure([echo('known'), echo('lost')])).toBe(1)
      expect(await queue.ensure([echo('known'), echo('lost')])).toBe(0)
      expect(await queue.ensure([])).toBe(0)
      queue.start(handler)
      await handler.hasStarted(1)
      await queue.enqueue(echo('last'))
      for (const id of ['known', 'lost']) {
        await handler.finish(id)
        await handler.hasStarted(handler.started.indexOf(id) + 2)
      }
      expect(handler.started).toEqual(['known', 'lost', 'last'])
      await handler.finishAll()
    })

    it('hands a job that goes back in line out again at its time, and jobs behind it meanwhile', async () => {
      const queue = await openWith({ maxConcurrent: 1, maxQueued: 1 })
      const handler = new GatedHandler()
      queue.start(handler)
      await queue.enqueue(echo('refused'))
      await handler.hasStarted(1)
      const notBefore = Date.now() + 300
      await handler.finish('refused', { notBefore })
      await vi.waitUntil(async () => (await queue.countWaitingForVendors()) === 1, 10_000)
      // It does not count as waiting for its turn.
      expect(await queue.countWaiting()).toBe(0)
      await queue.enqueue(echo('next'))
      await handler.hasStarted(2)
      await handler.finish('next')
      await handler.hasStarted(3)
      expect(Date.now()).toBeGreaterThanOrEqual(notBefore - 2)
      expect(handler.started).toEqual(['refused', 'next', 'refused'])
      expect(await queue.countWaitingForVendors()).toBe(0)
      await handler.finishAll()
    })

    it('ensures jobs that wait until a time, which may be removed', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const handler = new GatedHandler()
      const early = { ...echo('early'), notBefore: Date.now() + 200 }
      const late = { ...echo('late'), notBefore: Date.now() + 60_000 }
      expect(await queue.ensure([early, late])).toBe(2)
      expect(await queue.ensure([early, late])).toBe(0)
      expect(await queue.countWaitingForVendors()).toBe(2)
      queue.start(handler)
      await handler.hasStarted(1)
      expect(Date.now()).toBeGreaterThanOrEqual(early.notBefore - 2)
      expect(await queue.countWaitingForVendors()).toBe(1)
      await queue.remove(echo('late'))
      expect(await queue.countWaitingForVendors()).toBe(0)
      expect(handler.started).toEqual(['early'])
      await handler.finishAll()
    })

    it('starts jobs of a provider and model at a pace once their vendor refuses calls, and others at once', async () => {
      const queue = await openWith({ maxConcurrent: 3, maxQueued: 100 })
      const handler = new GatedHandler()
      queue.start(handler)
      await queue.enqueue({ ...echo('first'), model: 'busy' })
      await handler.hasStarted(1)
      const startedAt = Date.now()
      queue.callRefused({ provider: 'echo', model: 'busy', startedAt, retryAfterMs: 500 })
      // Behind it, also where Redis has the pace.
      await vi.waitUntil(async () => {
        await queue.enqueue({ ...echo(`probe-${Date.now()}`), model: 'idle' })
        return true
      })
      await handler.hasStarted(2)
      await handler.finish(handler.started[1] ?? '')
      await queue.enqueue({ ...echo('second'), model: 'busy' })
      await queue.enqueue({ ...echo('other'), model: 'idle' })
      await handler.hasStarted(4)
      expect(handler.started.slice(2)).toEqual(['other', 'second'])
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(490)
      await handler.finishAll()
    })

    it('starts no job of a provider and model before the reset that its vendor told with its last request, and others at once', async () => {
      const queue = await openWith({ maxConcurrent: 1, maxQueued: 100 })
      const handler = new GatedHandler()
      queue.start(handler)
      await queue.enqueue({ ...echo('first'), model: 'busy' })
      await handler.hasStarted(1)
      const toldAt = Date.now()
      queue.limitsTold({ provider: 'echo', model: 'busy', remainingRequests: 0, resetMs: 500 })
      queue.limitsTold({ provider: 'echo', model: 'idle', remainingRequests: 1, resetMs: 60_000 })
      await queue.enqueue({ ...echo('second'), model: 'busy' })
      await queue.enqueue({ ...echo('other'), model: 'idle' })
      await handler.finish('first')
      await handler.hasStarted(2)
      await handler.finish('other')
      await handler.hasStarted(3)
      expect(Date.now() - toldAt).toBeGreaterThanOrEqual(500)
      expect(handler.started).toEqual(['first', 'other', 'second'])
      await handler.finishAll()
    })

    it('asks the handler that runs a job to stop it', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const handler = new GatedHandler()
      queue.start(handler)
      await queue.enqueue(echo('running'))
      await handler.hasStarted(1)
      expect(await queue.requestStop('running')).toBe(true)
      await handler.hasStopped('running')
    })

    it('counts the processes that run jobs', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      expect(await queue.countWorkers()).toBe(0)
      queue.start(new GatedHandler())
      await vi.waitUntil(async () => (await queue.countWorkers()) === 1, 10_000)
    })

    it('is healthy', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      await expect(queue.checkHealth()).resolves.toBeUndefined()
    })

    it('starts no job once it is closed, and waits for the running jobs', async () => {
      const queue = await openWith({ maxConcurrent: 1 })
      const handler = new GatedHandler()
      queue.start(handler)
      await queue.enqueue(echo('running'))
      await queue.enqueue(echo('waiting'))
      await handler.hasStarted(1)
      let isClosed = false
      const closed = queue.close().then(() => {
        isClosed = true
      })
      await new Promise((resolve) => setImmediate(resolve))
      expect(isClosed).toBe(false)
      await handler.finish('running')
      await closed
      expect(handler.started).toEqual(['running'])
    })
  })
}
