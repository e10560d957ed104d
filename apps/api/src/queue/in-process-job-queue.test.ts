import { describe, expect, it } from 'vitest'
import { describeJobQueue } from '../../test/contracts/describe-job-queue.ts'
import { GatedHandler } from '../../test/support/gated-handler.ts'
import { newJob, startJob } from '../jobs/job.ts'
import { type HandedJob, QueueFullError } from '../jobs/ports/job-queue.ts'
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
  it('reserves as many slots as jobs may wait, and one for each job that can start at once', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 2 })
    const handler = new GatedHandler()
    queue.start(handler)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => queue.reserve({ provider: 'echo' })))
    const slots = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(slots.map(({ startsAtOnce }) => startsAtOnce)).toEqual([true, false, false])

    const [first, second] = slots
    await first?.enqueue(echo('a'))
    second?.release()
    const again = await queue.reserve({ provider: 'echo' })
    await expect(queue.reserve({ provider: 'echo' })).rejects.toThrow(QueueFullError)
    again.release()
    await handler.finish('a')
    await expect(queue.reserve({ provider: 'echo' })).resolves.toBeDefined()
  })

  it('runs the job that came first among those whose provider has room', async () => {
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

  it('gives a slot that starts at once only while there is room, and counts it as running', async () => {
    const queue = newQueue({ maxConcurrent: 2, maxConcurrentPerProvider: 1, maxQueued: 10 })
    const handler = new GatedHandler()
    const early = await queue.reserve({ provider: 'echo' })
    expect(early.startsAtOnce).toBe(false)
    early.release()
    queue.start(handler)
    const slot = await queue.reserve({ provider: 'echo' })
    const [same, other, third] = [
      await queue.reserve({ provider: 'echo' }),
      await queue.reserve({ provider: 'other' }),
      await queue.reserve({ provider: 'third' }),
    ]
    expect([slot, same, other, third].map(({ startsAtOnce }) => startsAtOnce)).toEqual([true, false, true, false])
    same.release()
    third.release()

    await queue.enqueue(echo('next'))
    expect(handler.started).toEqual([])
    await slot.enqueue(echo('first'))
    other.release()
    expect(handler.started).toEqual(['first'])
    await handler.finish('first')
    expect(handler.started).toEqual(['first', 'next'])
  })

  it('hands the record of a job that was stored as running to the handler', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    const handed: HandedJob[] = []
    queue.start({ run: async (job) => void handed.push(job), stop: async () => false })
    const slot = await queue.reserve({ provider: 'echo' })
    const running = startJob(newJob('a', { prompt: 'Go', provider: 'echo', model: 'echo' }, 0), 0)
    await slot.enqueue({ ...echo('a'), traceparent: 'trace' }, running)
    expect(handed).toEqual([{ id: 'a', traceparent: 'trace', running }])
  })

  it('waits at its close for a slot that was reserved before', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    queue.start(new GatedHandler())
    const slot = await queue.reserve({ provider: 'echo' })
    let isClosed = false
    const closed = queue.close().then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    slot.release()
    await closed
    expect((await queue.reserve({ provider: 'echo' })).startsAtOnce).toBe(false)
  })

  it('answers a stop with false when the job does not run', async () => {
    const queue = newQueue({ maxConcurrent: 1, maxQueued: 10 })
    expect(await queue.requestStop('before its start')).toBe(false)
    queue.start(new GatedHandler())
    expect(await queue.requestStop('unknown')).toBe(false)
  })
})
