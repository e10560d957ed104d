import { describe, expect, it, vi } from 'vitest'
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
