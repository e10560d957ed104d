import { describe, expect, it } from 'vitest'
import { describeJobQueue } from '../../test/contracts/describe-job-queue.ts'
import { GatedHandler } from '../../test/support/gated-handler.ts'
import { QueueFullError } from '../jobs/ports/job-queue.ts'
import { InProcessJobQueue } from './in-process-job-queue.ts'

const echo = (id: string) => ({ id, provider: 'echo' })

function newQueue(options: { maxConcurrent: number; maxQueued: number; maxConcurrentPerProvider?: number }) {
  const { maxConcurrent } = options
  return new InProcessJobQueue({
    maxConcurrentPerProvider: maxConcurrent,
    maxConcurrentPerOwner: maxConcurrent,
    ...options,
  })
}

describeJobQueue('InProcessJobQueue', async (limits) => new InProcessJobQueue(limits))

describe('InProcessJobQueue', () => {
  it('reserves exactly as many places as may wait, besides those that can start at once', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 2 })
    const handler = new GatedHandler()
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
    await handler.finish('a')
    await expect(queue.reserve()).resolves.toBeDefined()
  })

  it('runs the job that came first, of those whose provider has room', async () => {
    const queue = newQueue({ maxConcurrent: 4, maxConcurrentPerProvider: 2, maxQueued: 10 })
    const handler = new GatedHandler()
    queue.start(handler)
    for (const id of ['stuck-1', 'stuck-2', 'stuck-3']) await queue.enqueue({ id, provider: 'stuck' })
    for (const id of ['a', 'b', 'c']) await queue.enqueue(echo(id))
    expect(handler.started).toEqual(['stuck-1', 'stuck-2', 'a', 'b'])
    await handler.finish('a')
    await handler.finish('stuck-1')
    expect(handler.started.slice(4)).toEqual(['c', 'stuck-3'])
  })

  it('lends a worker only while one is free, and counts it as running', async () => {
    const queue = newQueue({ maxConcurrent: 2, maxConcurrentPerProvider: 1, maxQueued: 10 })
    const handler = new GatedHandler()
    expect(queue.takeWorker({ provider: 'echo' })).toBeUndefined()
    queue.start(handler)
    const worker = queue.takeWorker({ provider: 'echo' })
    expect(queue.takeWorker({ provider: 'echo' })).toBeUndefined()
    const other = queue.takeWorker({ provider: 'other' })
    expect(queue.takeWorker({ provider: 'third' })).toBeUndefined()

    await queue.enqueue(echo('next'))
    expect(handler.started).toEqual([])
    worker?.run(() => handler.run('taken'))
    other?.release()
    expect(handler.started).toEqual(['taken'])
    await handler.finish('taken')
    expect(handler.started).toEqual(['taken', 'next'])
  })

  it('waits for a worker that was taken before it was closed', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    queue.start(new GatedHandler())
    const worker = queue.takeWorker({ provider: 'echo' })
    let isClosed = false
    const closed = queue.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    worker?.release()
    await closed
    expect(queue.takeWorker({ provider: 'echo' })).toBeUndefined()
  })

  it('knows for sure that a job does not run here', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    expect(await queue.requestStop('before its start')).toBe(false)
    queue.start(new GatedHandler())
    expect(await queue.requestStop('unknown')).toBe(false)
  })
})
