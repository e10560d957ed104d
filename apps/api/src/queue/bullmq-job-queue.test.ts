import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished, vi } from 'vitest'
import { describeJobQueue, type JobQueueLimits } from '../../test/contracts/describe-job-queue.ts'
import { GatedHandler } from '../../test/support/gated-handler.ts'
import { RedisProcess } from '../../test/support/redis-process.ts'
import { SILENT } from '../../test/support/silent-logger.ts'
import { describeWithRedis, describeWithRedisProcess, useRedis } from '../../test/support/test-redis.ts'
import type { Logger } from '../base/logger.ts'
import { QueueUnavailableError } from '../jobs/ports/job-queue.ts'
import { BullmqJobQueue } from './bullmq-job-queue.ts'

const LIMITS = { maxConcurrent: 2, maxConcurrentPerProvider: 2, maxConcurrentPerOwner: 2, maxQueued: 10 }
const echo = (id: string) => ({ id, provider: 'echo' })

async function openQueue(
  url: string,
  prefix: string,
  options: Partial<JobQueueLimits & { lockMs: number; logger: Logger }> = {},
): Promise<BullmqJobQueue> {
  const providers = ['echo', 'stuck']
  const queue = await BullmqJobQueue.open({
    ...LIMITS,
    url,
    prefix,
    providers,
    lockMs: 15_000,
    logger: SILENT,
    ...options,
  })
  onTestFinished(() => queue.close())
  return queue
}

describeWithRedis('BullmqJobQueue', (url) => {
  describeJobQueue('BullmqJobQueue', (limits) => openQueue(url, useRedis(url).prefix, limits))

  it('hands a job that one process adds to another process that has room', async () => {
    const { prefix } = useRedis(url)
    const [adding, first, second] = await Promise.all([1, 2, 3].map(() => openQueue(url, prefix, { maxConcurrent: 1 })))
    const handlers = [new GatedHandler(), new GatedHandler()] as const
    first?.start(handlers[0])
    second?.start(handlers[1])
    for (const id of ['a', 'b']) await adding?.enqueue(echo(id))
    await Promise.all(handlers.map((handler) => handler.hasStarted(1)))
    expect(handlers.flatMap(({ started }) => started).sort()).toEqual(['a', 'b'])
    for (const handler of handlers) await handler.finishAll()
  })

  it('stops a job in whichever process runs it', async () => {
    const { prefix } = useRedis(url)
    const [asking, running] = [await openQueue(url, prefix), await openQueue(url, prefix)]
    const handler = new GatedHandler()
    running.start(handler)
    await running.enqueue(echo('job'))
    await handler.hasStarted(1)
    const stopped = handler.hasStopped('job')
    // The other may just be about to listen; the service asks again too.
    const repeat = setInterval(() => void asking.requestStop('job'), 50)
    onTestFinished(() => clearInterval(repeat))
    await stopped
  })

  it('counts the waiting jobs of all processes', async () => {
    const { prefix } = useRedis(url)
    const [one, other] = [
      await openQueue(url, prefix, { maxQueued: 2 }),
      await openQueue(url, prefix, { maxQueued: 2 }),
    ]
    await one.enqueue(echo('a'))
    await other.enqueue({ id: 'b', provider: 'stuck' })
    await expect(one.reserve()).rejects.toMatchObject({ code: 'queue-full' })
    await expect(other.reserve()).rejects.toMatchObject({ code: 'queue-full' })
  })

  it('hands a job out again when its process has missed its lock for too long', async () => {
    const { prefix, client } = useRedis(url)
    const queue = await openQueue(url, prefix, { lockMs: 200 })
    const [first, again] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let runs = 0
    queue.start({
      run: async () => {
        runs++
        if (runs === 1) await first.promise
        else again.resolve()
      },
      stop: async () => false,
    })
    await queue.enqueue(echo('job'))
    // As after a crash: its lock is not there any more.
    const drop = setInterval(() => void client.del(`${prefix}queue:echo:job:lock`), 20)
    await again.promise
    clearInterval(drop)
    first.resolve()
  })

  it('gives a job that finds no room to a process that has room', async () => {
    const { prefix } = useRedis(url)
    const [full, free] = [await openQueue(url, prefix, { maxConcurrent: 1 }), await openQueue(url, prefix)]
    const handlers = [new GatedHandler(), new GatedHandler()] as const
    full.start(handlers[0])
    await full.enqueue(echo('running'))
    await handlers[0].hasStarted(1)
    await full.enqueue({ id: 'other', provider: 'stuck' })
    free.start(handlers[1])
    await handlers[1].hasStarted(1)
    expect(handlers[1].started).toEqual(['other'])
    await handlers[1].finishAll()
    await free.close()
    await full.enqueue({ id: 'next', provider: 'stuck' })
    await handlers[0].finish('running')
    await handlers[0].hasStarted(2)
    expect(handlers[0].started).toEqual(['running', 'next'])
    expect(handlers[0].mostAtOnce).toBe(1)
    await handlers[0].finishAll()
  })

  it('leaves no key of a finished job in Redis', async () => {
    const { prefix, client } = useRedis(url)
    const queue = await openQueue(url, prefix)
    const handler = new GatedHandler()
    queue.start(handler)
    const id = randomUUID()
    await queue.enqueue(echo(id))
    await handler.hasStarted(1)
    await handler.finish(id)
    await queue.close()
    expect(await client.keys(`${prefix}*${id}*`)).toEqual([])
    expect(await client.keys(`${prefix}queue:echo:active`)).toEqual([])
  })

  it('adds a job again whose key Redis kept, but whose list it lost', async () => {
    const { prefix, client } = useRedis(url)
    const queue = await openQueue(url, prefix)
    for (const id of ['a', 'b']) await queue.enqueue(echo(id))
    expect(await queue.ensure([echo('a'), echo('b')])).toBe(0)
    await client.del(`${prefix}queue:echo:wait`)
    expect(await queue.ensure([echo('a'), echo('b')])).toBe(2)
    const handler = new GatedHandler()
    queue.start(handler)
    await handler.hasStarted(2)
    // Jobs that are running count as queued.
    expect(await queue.ensure([echo('a'), echo('b')])).toBe(0)
    expect(handler.started.toSorted()).toEqual(['a', 'b'])
    await handler.finishAll()
  })

  it('finds the one job that is missing in a long queue without asking for the others', async () => {
    const { prefix, client } = useRedis(url)
    const queue = await openQueue(url, prefix)
    const jobs = Array.from({ length: 2_500 }, (_, index) => echo(`job-${index}`))
    await queue.ensure(jobs)
    await client.lrem(`${prefix}queue:echo:wait`, 1, 'job-2000')
    const getJobState = vi.spyOn(Queue.prototype, 'getJobState')
    onTestFinished(() => getJobState.mockRestore())
    expect(await queue.ensure(jobs)).toBe(1)
    expect(getJobState.mock.calls).toEqual([['job-2000']])
  })

  it('gives a job back that found no room when its process stops', async () => {
    const { prefix } = useRedis(url)
    const queue = await openQueue(url, prefix, { maxConcurrent: 1 })
    const handler = new GatedHandler()
    queue.start(handler)
    await queue.enqueue(echo('running'))
    await handler.hasStarted(1)
    await queue.enqueue({ id: 'held', provider: 'stuck' })
    const closed = queue.close()
    await handler.finish('running')
    await closed
    const next = await openQueue(url, prefix)
    const other = new GatedHandler()
    next.start(other)
    await other.hasStarted(1)
    expect(other.started).toEqual(['held'])
    await other.finishAll()
  })
})

describeWithRedisProcess('BullmqJobQueue whose Redis goes away', () => {
  it('fails fast while Redis is away, accepts stored jobs, and goes on when Redis is back empty', async () => {
    const redis = await RedisProcess.start()
    const queue = await openQueue(redis.url, 'promptlab:')
    const handler = new GatedHandler()
    queue.start(handler)
    await queue.enqueue(echo('running'))
    await handler.hasStarted(1)
    await redis.kill()
    await expect(queue.checkHealth()).rejects.toThrow(QueueUnavailableError)
    await expect(queue.reserve()).rejects.toThrow(QueueUnavailableError)
    await expect(queue.ensure([echo('waiting')])).rejects.toThrow(QueueUnavailableError)
    await expect(queue.requestStop('elsewhere')).rejects.toThrow(QueueUnavailableError)
    await queue.enqueue(echo('waiting'))
    await queue.remove(echo('waiting'))
    expect(await queue.requestStop('running')).toBe(true)

    await redis.startAgain()
    await expect.poll(() => queue.ensure([echo('waiting')]).catch(() => undefined), { timeout: 10_000 }).toBe(1)
    await handler.hasStarted(2)
    expect(handler.started).toEqual(['running', 'waiting'])
    await handler.finishAll()
  })

  it('fails within seconds while Redis hangs', async () => {
    const redis = await RedisProcess.start()
    const queue = await openQueue(redis.url, 'promptlab:')
    redis.pause()
    const [count, ping] = await Promise.allSettled([queue.reserve(), queue.checkHealth()])
    redis.resume()
    expect([count, ping]).toMatchObject([
      { reason: { code: 'queue-unavailable' } },
      { reason: { code: 'queue-unavailable' } },
    ])
    await expect.poll(() => queue.checkHealth().catch(() => 'away'), { timeout: 10_000 }).toBeUndefined()
  })

  it('is not healthy while Redis takes no writes', async () => {
    const redis = await RedisProcess.start()
    const queue = await openQueue(redis.url, 'test:')
    const client = new Redis(redis.url)
    onTestFinished(() => client.disconnect())
    await expect(queue.checkHealth()).resolves.toBeUndefined()
    await client.config('SET', 'maxmemory', '1')
    await expect(queue.checkHealth()).rejects.toThrow(QueueUnavailableError)
    await client.config('SET', 'maxmemory', '0')
    await client.replicaof('127.0.0.1', 1)
    await expect(queue.checkHealth()).rejects.toThrow(QueueUnavailableError)
  })

  it('warns at its start when Redis may evict keys', async () => {
    const redis = await RedisProcess.start()
    const client = new Redis(redis.url)
    onTestFinished(() => client.disconnect())
    const warnings: string[] = []
    const logger = { ...SILENT, warn: (_: object, message: string) => void warnings.push(message) }
    await openQueue(redis.url, 'test:', { logger })
    expect(warnings).toEqual([])
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await openQueue(redis.url, 'test:', { logger })
    expect(warnings).toEqual([expect.stringContaining('noeviction')])
  })

  it('closes while Redis is away', async () => {
    const redis = await RedisProcess.start()
    const queue = await openQueue(redis.url, 'promptlab:')
    const handler = new GatedHandler()
    queue.start(handler)
    await queue.enqueue(echo('running'))
    await handler.hasStarted(1)
    await redis.kill()
    const closed = queue.close()
    await handler.finishAll()
    await closed
  })

  it('explains why it cannot be opened', async () => {
    const redis = await RedisProcess.start()
    await redis.kill()
    await expect(openQueue(redis.url, 'promptlab:')).rejects.toThrow('ECONNREFUSED')
  })
})
