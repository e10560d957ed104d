import { describe, expect, it } from 'vitest'
import { QueueFullError } from '../jobs/job-queue.ts'
import { InProcessJobQueue } from './in-process-job-queue.ts'

const echo = (id: string) => ({ id, provider: 'echo' })

function newQueue(options: { maxConcurrent: number; maxQueued: number; maxConcurrentPerProvider?: number }) {
  return new InProcessJobQueue({ maxConcurrentPerProvider: options.maxConcurrent, ...options })
}

/** A handler whose runs end when the test says so. */
function gatedHandler() {
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const started: string[] = []
  return {
    started,
    handler: (id: string) => {
      started.push(id)
      const gate = Promise.withResolvers<void>()
      gates.set(id, gate)
      return gate.promise
    },
    finish: async (id: string) => {
      gates.get(id)?.resolve()
      // The queue's own continuation of the run comes first.
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('InProcessJobQueue', () => {
  it('runs jobs first in, first out, and no more at once than it may', async () => {
    const queue = newQueue({ maxConcurrent: 2, maxQueued: 10 })
    const { handler, started, finish } = gatedHandler()
    queue.start(handler)
    for (const id of ['a', 'b', 'c', 'd']) await queue.enqueue(echo(id))
    expect(started).toEqual(['a', 'b'])
    await finish('b')
    expect(started).toEqual(['a', 'b', 'c'])
    await finish('a')
    expect(started).toEqual(['a', 'b', 'c', 'd'])
  })

  it('keeps what comes before its start', async () => {
    const queue = newQueue({ maxConcurrent: 2, maxQueued: 10 })
    const { handler, started } = gatedHandler()
    await queue.enqueue(echo('early'))
    expect(started).toEqual([])
    queue.start(handler)
    expect(started).toEqual(['early'])
  })

  it('reserves exactly as many places as may wait, besides those that can start at once', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 2 })
    const { handler, finish } = gatedHandler()
    queue.start(handler)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => queue.reserve()))
    const places = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(places).toHaveLength(3)

    const [first, second] = places
    await first?.enqueue(echo('a'))
    second?.release()
    const again = await queue.reserve()
    await expect(queue.reserve()).rejects.toThrow(QueueFullError)
    again.release()
    await finish('a')
    await expect(queue.reserve()).resolves.toBeDefined()
  })

  it('starts nothing once it is closed, and waits for what runs', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    const { handler, started, finish } = gatedHandler()
    queue.start(handler)
    await queue.enqueue(echo('running'))
    await queue.enqueue(echo('waiting'))
    let isClosed = false
    const closed = queue.close().then(() => {
      isClosed = true
    })
    await Promise.resolve()
    expect(isClosed).toBe(false)
    await finish('running')
    await closed
    expect(started).toEqual(['running'])
  })

  it('leaves room for other providers beside one that is stuck', async () => {
    const queue = newQueue({ maxConcurrent: 4, maxConcurrentPerProvider: 2, maxQueued: 10 })
    const { handler, started, finish } = gatedHandler()
    queue.start(handler)
    for (const id of ['stuck-1', 'stuck-2', 'stuck-3']) await queue.enqueue({ id, provider: 'stuck' })
    await queue.enqueue(echo('a'))
    await queue.enqueue(echo('b'))
    await queue.enqueue(echo('c'))
    expect(started).toEqual(['stuck-1', 'stuck-2', 'a', 'b'])
    await finish('a')
    await finish('stuck-1')
    expect(started.slice(4)).toEqual(['c', 'stuck-3'])
  })

  it('lends a worker only while one is free, and counts it as running', async () => {
    const queue = newQueue({ maxConcurrent: 2, maxConcurrentPerProvider: 1, maxQueued: 10 })
    const { handler, started, finish } = gatedHandler()
    expect(queue.takeWorker('echo')).toBeUndefined()
    queue.start(handler)
    const worker = queue.takeWorker('echo')
    expect(queue.takeWorker('echo')).toBeUndefined()
    const other = queue.takeWorker('other')
    expect(queue.takeWorker('third')).toBeUndefined()

    await queue.enqueue(echo('next'))
    expect(started).toEqual([])
    worker?.run(() => handler('taken'))
    other?.release()
    expect(started).toEqual(['taken'])
    await finish('taken')
    expect(started).toEqual(['taken', 'next'])
  })

  it('waits for a worker that was taken before it was closed', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    queue.start(async () => {})
    const worker = queue.takeWorker('echo')
    let isClosed = false
    const closed = queue.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    worker?.release()
    await closed
    expect(queue.takeWorker('echo')).toBeUndefined()
  })

  it('gives the room of a job that was taken out to another', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 1 })
    const { handler, started, finish } = gatedHandler()
    queue.start(handler)
    await queue.enqueue(echo('running'))
    await queue.enqueue(echo('cancelled'))
    await expect(queue.reserve()).rejects.toThrow(QueueFullError)
    await queue.remove(echo('cancelled'))
    await queue.remove(echo('never-there'))
    await (await queue.reserve()).enqueue(echo('next'))
    await finish('running')
    expect(started).toEqual(['running', 'next'])
  })
})
