import type { FinalEvent } from '@promptlab/contract'
import { expect, it, vi } from 'vitest'
import {
  attach,
  describeTokenLog,
  FINAL,
  NO_CALLBACKS,
  textOf,
  tokensOf,
} from '../../test/contracts/describe-token-log.ts'
import { append } from '../../test/support/append-token.ts'
import { openRedisLog } from '../../test/support/open-redis-log.ts'
import { describeWithRedis, type TestRedis, useRedis } from '../../test/support/test-redis.ts'
import { TEXT_VIEW } from '../jobs/views/text-view.ts'
import { encodeEnd, encodeTokens } from './log-message.ts'

/** The number of connections that listen to a job's channel. */
async function listeners({ client, prefix }: TestRedis, jobId: string): Promise<number> {
  const reply = await client.pubsub('NUMSUB', `${prefix}tokens:${jobId}`)
  return Number(reply[1])
}

/** Does to a job's text what another process would do, one step at a time. */
function otherWriter({ client, prefix }: TestRedis, jobId: string) {
  const key = `${prefix}tokens:${jobId}`
  return {
    write: (start: number, ...tokens: string[]) => client.xadd(key, '*', 'part', encodeTokens(start, tokens)),
    publish: (start: number, ...tokens: string[]) => client.publish(key, encodeTokens(start, tokens)),
    end: async (length?: number, final?: FinalEvent) => {
      await client.xadd(key, '*', 'part', encodeEnd(length, final))
      await client.publish(key, encodeEnd(length, final))
    },
  }
}

describeWithRedis('RedisTokenLog', (url) => {
  describeTokenLog('RedisTokenLog', () => openRedisLog(useRedis(url)))

  it('gives readers in other processes the same tokens, also when they attach later', async () => {
    const redis = useRedis(url)
    const [writing, reading] = [await openRedisLog(redis), await openRedisLog(redis)]
    const reader = attach(reading, 'job', 0)
    for (const token of ['Once', ' upon']) {
      append(writing, 'job', token)
      expect(textOf((await reader.next()) ?? [])).toBe(token)
    }
    const late = attach(await openRedisLog(redis), 'job', 2)
    expect(tokensOf(await late.next())).toEqual([
      [4, 'ce'],
      [9, ' upon'],
    ])
    await writing.close('job', 1)
    expect(await reader.next()).toBeUndefined()
    expect(await late.next()).toBeUndefined()
  })

  it('has one copy of a text and one subscription for a thousand readers', async () => {
    const redis = useRedis(url)
    const [writing, reading] = [await openRedisLog(redis), await openRedisLog(redis)]
    const texts = Array.from({ length: 1_000 }, () => attach(reading, 'job', 0).rest())
    for (const token of ['Once', ' upon', ' a', ' time']) append(writing, 'job', token)
    await writing.close('job', 1)
    const events = await Promise.all(texts)
    expect(new Set(events.map(textOf))).toEqual(new Set(['Once upon a time']))
    // All readers got the same objects.
    expect(new Set(events.map((each) => each[1])).size).toBe(1)
    expect(reading.size).toBe(1)
    expect(await listeners(redis, 'job')).toBe(1)
  })

  it('keeps no subscription, text or timer when the last reader has detached', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis, { graceMs: 1 })
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    const readers = ['1', '2', '2', '3'].map((id) => log.attach(id, TEXT_VIEW, 0, NO_CALLBACKS))
    for (const id of ['1', '2', '3']) await vi.waitUntil(async () => (await listeners(redis, id)) === 1, 10_000)
    for (const reader of readers) reader.detach()
    await vi.waitUntil(() => log.size === 0, 10_000)
    for (const id of ['1', '2', '3']) await vi.waitUntil(async () => (await listeners(redis, id)) === 0, 10_000)
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('keeps a text without readers for a moment, for a reader that reconnects', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis)
    append(log, 'job', 'Once')
    const reader = attach(log, 'job', 0)
    await reader.next()
    reader.source.detach()
    expect(tokensOf(log.attach('job', TEXT_VIEW, 0, NO_CALLBACKS).read())).toEqual([[4, 'Once']])
  })

  it('gives a slow reader all tokens that are ready in one batch', async () => {
    const redis = useRedis(url)
    const [writing, reading] = [await openRedisLog(redis), await openRedisLog(redis)]
    const [slow, quick] = [reading.attach('job', TEXT_VIEW, 0, NO_CALLBACKS), attach(reading, 'job', 0)]
    for (const token of ['a', 'b', 'c']) {
      append(writing, 'job', token)
      await quick.next()
    }
    expect(slow.read()).toHaveLength(3)
    expect(slow.read()).toHaveLength(0)
  })

  it('when idle, finds tokens whose message was lost, and tells its readers to look the record up', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis, { idleMs: 20 })
    const other = otherWriter(redis, 'job')
    const idle = Promise.withResolvers<void>()
    const reader = attach(log, 'job', 0)
    const waiting = log.attach('job', TEXT_VIEW, 0, { onReady: () => {}, onIdle: idle.resolve })
    await idle.promise
    waiting.detach()
    await other.write(0, 'Once')
    expect(tokensOf(await reader.next())).toEqual([[4, 'Once']])
    await redis.client.xadd(`${redis.prefix}tokens:job`, '*', 'part', 'end')
    expect(await reader.next()).toBeUndefined()
  })

  it('cuts off text that it has already, and fills a gap before it shows later tokens', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis)
    const other = otherWriter(redis, 'job')
    const reader = attach(log, 'job', 0)
    await other.write(0, 'Once')
    expect(tokensOf(await reader.next())).toEqual([[4, 'Once']])
    await vi.waitUntil(async () => (await listeners(redis, 'job')) === 1, 10_000)
    await other.publish(0, 'On', 'ce', ' upon')
    expect(tokensOf(await reader.next())).toEqual([[9, ' upon']])
    await other.write(4, ' upon')
    await other.write(9, ' a')
    await other.write(11, ' time')
    await other.publish(11, ' time')
    expect(tokensOf(await reader.next())).toEqual([
      [11, ' a'],
      [16, ' time'],
    ])
  })

  it.each([5, undefined])('reads missed tokens before it ends, when the end gives the length %s', async (length) => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis)
    const other = otherWriter(redis, 'job')
    const reader = attach(log, 'job', 0)
    await other.write(0, 'Once')
    await reader.next()
    await vi.waitUntil(async () => (await listeners(redis, 'job')) === 1, 10_000)
    await other.write(4, '.')
    await other.end(length)
    expect(tokensOf(await reader.rest())).toEqual([[5, '.']])
  })

  it('shows no token behind a gap that cannot be filled, and still ends', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis, { idleMs: 50 })
    const other = otherWriter(redis, 'job')
    let idleCalls = 0
    const reader = attach(log, 'job', 0)
    log.attach('job', TEXT_VIEW, 0, { onReady: () => {}, onIdle: () => idleCalls++ })
    await other.write(0, 'Once')
    await reader.next()
    await other.write(9, ' a')
    await other.publish(9, ' a')
    await other.write(11, ' time')
    await other.publish(11, ' time')
    await vi.waitUntil(() => idleCalls > 1, 10_000)
    expect(reader.source.read()).toEqual([])
    await other.end()
    expect(await reader.next()).toBeUndefined()
  })

  it.each([undefined, 3, 7])(
    'gives no final event for an incomplete text, when the end gives the length %s',
    async (length) => {
      const redis = useRedis(url)
      const reader = attach(await openRedisLog(redis), 'job', 0)
      const other = otherWriter(redis, 'job')
      await other.write(0, 'Once')
      await other.end(length, FINAL)
      expect(textOf(await reader.rest())).toBe('Once')
      expect(reader.source.final).toBeUndefined()
    },
  )

  it('refuses what a process writes of an earlier run than another process has begun', async () => {
    const redis = useRedis(url)
    const [zombie, taking, reading] = [await openRedisLog(redis), await openRedisLog(redis), await openRedisLog(redis)]
    const reader = attach(reading, 'job', 0)
    for (const token of ['Once', ' upon']) append(zombie, 'job', token)
    let text = ''
    while (text !== 'Once upon') text += textOf((await reader.next()) ?? [])
    taking.takeOver('job', { length: 4, textLength: 4 }, 2)
    const marker = attach(reading, 'marker', 0)
    append(taking, 'marker', '.')
    await marker.next()
    append(zombie, 'job', ' of a zombie')
    await zombie.close('job', 1, FINAL)
    append(zombie, 'other', '.')
    await attach(reading, 'other', 0).next()
    taking.append('job', ' upon a time', 4, 0, 2)
    await taking.close('job', 2)
    expect(textOf(await attach(await openRedisLog(redis), 'job', 0).rest())).toBe('Once upon a time')
    await reader.rest()
    expect(reader.source.hasEnded).toBe(true)
  })

  it('ignores tokens of a process that does not know that its job has ended', async () => {
    const redis = useRedis(url)
    const [unaware, ending, reading] = [await openRedisLog(redis), await openRedisLog(redis), await openRedisLog(redis)]
    const reader = attach(reading, 'job', 0)
    append(unaware, 'job', 'Once')
    expect(textOf((await reader.next()) ?? [])).toBe('Once')
    await ending.close('job', 1)
    expect(await reader.next()).toBeUndefined()
    // When this message has arrived, the one before it has too.
    const marker = attach(reading, 'marker', 0)
    append(unaware, 'job', ' upon')
    append(unaware, 'marker', '.')
    await marker.next()
    expect(reader.source.read()).toEqual([])
    expect(textOf(await attach(await openRedisLog(redis), 'job', 0).rest())).toBe('Once')
  })

  it('keeps a stream longer while it is open than after its end', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis, { keepMs: { open: 60_000, ended: 100 } })
    const key = `${redis.prefix}tokens:job`
    const reader = attach(log, 'job', 0)
    append(log, 'job', 'Once')
    await reader.next()
    expect(await redis.client.pttl(key)).toBeGreaterThan(50_000)
    await log.close('job', 1)
    await reader.next()
    await vi.waitUntil(async () => (await redis.client.exists(key)) === 0, 10_000)
  })

  it('skips parts that it cannot read', async () => {
    const redis = useRedis(url)
    const log = await openRedisLog(redis)
    const other = otherWriter(redis, 'job')
    const reader = attach(log, 'job', 0)
    for (const part of ['', 'rubbish', '0[', '0[1]', '-1["x"]', '1e99["x"]', 'x["y"]']) {
      await redis.client.xadd(`${redis.prefix}tokens:job`, '*', 'part', part)
    }
    await other.write(0, 'Once')
    await other.end()
    expect(textOf(await reader.rest())).toBe('Once')
  })
})
