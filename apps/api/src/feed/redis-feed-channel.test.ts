import { expect, it, onTestFinished, vi } from 'vitest'
import { RedisProcess } from '../../test/support/redis-process.ts'
import { SILENT } from '../../test/support/silent-logger.ts'
import { describeWithRedis, describeWithRedisProcess, useRedis } from '../../test/support/test-redis.ts'
import { newJob } from '../jobs/job.ts'
import { summaryOf } from '../jobs/job-summary.ts'
import type { JobChange } from '../jobs/ports/job-changes.ts'
import { RedisFeedChannel } from './redis-feed-channel.ts'

const SAY_MS = 100

function aChange(id: string, owner?: string): JobChange {
  const job = newJob(id, { prompt: '\ud83d "€"\n', provider: 'echo', model: 'echo' }, Date.now(), owner)
  return { job: summaryOf(job), owner, position: { updatedAt: job.updatedAt, id } }
}

async function openChannel(redis: { url: string; prefix: string }): Promise<RedisFeedChannel> {
  const channel = await RedisFeedChannel.open({ ...redis, logger: SILENT, sayMs: SAY_MS })
  onTestFinished(() => channel.close())
  return channel
}

describeWithRedis('RedisFeedChannel', (url) => {
  it('brings changes to the processes that listen, and not back to the one that made them', async () => {
    const redis = useRedis(url)
    const [one, other] = [await openChannel(redis), await openChannel(redis)]
    const [ofOne, ofOther]: [JobChange[], JobChange[]] = [[], []]
    one.listen((change) => ofOne.push(change))
    other.listen((change) => ofOther.push(change))
    await vi.waitUntil(() => one.isWanted && other.isWanted, 10_000)
    const [first, second] = [aChange('a', 'ann'), aChange('b')]
    one.publish(first)
    one.publish(second)
    other.publish(second)
    await vi.waitUntil(() => ofOther.length === 2 && ofOne.length === 1, 10_000)
    expect([ofOne, ofOther]).toEqual([[second], [first, second]])
  })

  it('is wanted while another process says so, and a little longer', async () => {
    const redis = useRedis(url)
    const [one, other] = [await openChannel(redis), await openChannel(redis)]
    expect(one.isWanted).toBe(false)
    const leave = other.listen(() => {})
    await vi.waitUntil(() => one.isWanted, 10_000)
    const start = performance.now()
    await vi.waitUntil(() => one.isWanted && performance.now() - start > 5 * SAY_MS, 10_000)
    expect(other.isWanted).toBe(false)
    leave()
    await vi.waitUntil(() => !one.isWanted, 10_000)
  })

  it('skips messages that it cannot read', async () => {
    const redis = useRedis(url)
    const channel = await openChannel(redis)
    const other = await openChannel(redis)
    const changes: JobChange[] = []
    channel.listen((change) => changes.push(change))
    await vi.waitUntil(() => other.isWanted, 10_000)
    const name = `${redis.prefix}feed:changes`
    for (const message of ['', 'x', 'x {', 'x {}', 'x {"job":{"status":"new"}}', '\0'])
      await redis.client.publish(name, message)
    const change = aChange('a')
    other.publish(change)
    await vi.waitUntil(() => changes.length > 0, 10_000)
    expect(changes).toEqual([change])
  })
})

describeWithRedisProcess('RedisFeedChannel without Redis', () => {
  it('drops changes, and goes on when Redis is back', async () => {
    const redis = await RedisProcess.start()
    const options = { url: redis.url, prefix: 'test:' }
    const [one, other] = [await openChannel(options), await openChannel(options)]
    const ids: string[] = []
    other.listen(({ job }) => ids.push(job.id))
    await vi.waitUntil(() => one.isWanted, 10_000)
    await redis.kill()
    for (let index = 0; index < 5_000; index++) one.publish(aChange(`lost-${index}`))
    await vi.waitUntil(() => !one.isWanted, 10_000)
    await redis.startAgain()
    await vi.waitUntil(() => one.isWanted, 10_000)
    one.publish(aChange('told'))
    await vi.waitUntil(() => ids.at(-1) === 'told', 10_000)
  })

  it('keeps no more than some changes for a Redis that does not answer', { timeout: 20_000 }, async () => {
    const redis = await RedisProcess.start()
    const channel = await openChannel({ url: redis.url, prefix: 'test:' })
    redis.pause()
    const change = aChange('a')
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 200_000; index++) channel.publish(change)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
    redis.resume()
  })
})
