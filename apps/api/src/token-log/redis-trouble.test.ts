import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { attach, NO_CALLBACKS, textOf } from '../../test/contracts/describe-token-log.ts'
import { append } from '../../test/support/append-token.ts'
import { openRedisLog } from '../../test/support/open-redis-log.ts'
import { RedisProcess } from '../../test/support/redis-process.ts'
import { describeWithRedisProcess } from '../../test/support/test-redis.ts'
import { TEXT_VIEW } from '../jobs/views/text-view.ts'

describeWithRedisProcess('RedisTokenLog while Redis has trouble', () => {
  const ownRedis = async () => {
    const redis = await RedisProcess.start()
    const client = new Redis(redis.url)
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return { redis, client, url: redis.url, prefix: 'promptlab:' }
  }

  async function connectionIds(client: Redis, name: string): Promise<string[]> {
    const list = String(await client.client('LIST'))
    return list
      .split('\n')
      .flatMap((line) => (line.includes(` name=${name} `) ? [/^id=(\d+)/.exec(line)?.[1] ?? ''] : []))
  }

  it('has two connections, however many jobs it reads', async () => {
    const { client, ...options } = await ownRedis()
    const log = await openRedisLog(options)
    for (let job = 0; job < 100; job++) log.attach(String(job), TEXT_VIEW, 0, NO_CALLBACKS)
    append(log, '99', 'text')
    await attach(log, '99', 0).next()
    for (const name of ['promptlab-tokens', 'promptlab-subscriber']) {
      expect(await connectionIds(client, name)).toHaveLength(1)
    }
  })

  it('misses no token when its subscription connection is killed', async () => {
    const { client, ...options } = await ownRedis()
    const [writing, reading] = [await openRedisLog(options), await openRedisLog(options)]
    const reader = attach(reading, 'job', 0)
    append(writing, 'job', 'start')
    let text = textOf((await reader.next()) ?? [])
    for (let round = 0; round < 5; round++) {
      for (const id of await connectionIds(client, 'promptlab-subscriber')) await client.client('KILL', 'ID', id)
      append(writing, 'job', ` ${round}`)
      text += textOf((await reader.next()) ?? [])
    }
    await writing.close('job', 1)
    text += textOf(await reader.rest())
    expect(text).toBe('start 0 1 2 3 4')
  })

  it('goes on at the same place when Redis is restarted empty; later readers wait for the record', async () => {
    const { redis, ...options } = await ownRedis()
    const [writing, reading, later] = [
      await openRedisLog(options),
      await openRedisLog(options),
      await openRedisLog(options),
    ]
    const reader = attach(reading, 'job', 0)
    append(writing, 'job', 'Once')
    await reader.next()
    await redis.kill()
    append(writing, 'job', ' upon')
    append(writing, 'job', ' a')
    await redis.startAgain()
    let text = ''
    while (text !== ' upon a') text += textOf((await reader.next()) ?? [])

    const late = attach(later, 'job', 0)
    append(writing, 'job', ' time')
    expect(textOf((await reader.next()) ?? [])).toBe(' time')
    await writing.close('job', 1)
    expect(await reader.next()).toBeUndefined()
    expect(await late.rest()).toEqual([])
  })

  it('does not block runs while Redis hangs, and sends all tokens when Redis answers again', async () => {
    const { redis, ...options } = await ownRedis()
    const [writing, reading] = [await openRedisLog(options), await openRedisLog(options)]
    const reader = attach(reading, 'job', 0)
    append(writing, 'job', 'start')
    await reader.next()
    redis.pause()
    for (let token = 0; token < 1_000; token++) append(writing, 'job', ` ${token}`)
    await writing.close('job', 1)
    redis.resume()
    expect(textOf(await reader.rest())).toBe(Array.from({ length: 1_000 }, (_, token) => ` ${token}`).join(''))
  })

  it('can be stopped while Redis is away', async () => {
    const { redis, ...options } = await ownRedis()
    const log = await openRedisLog(options)
    log.attach('job', TEXT_VIEW, 0, NO_CALLBACKS)
    await redis.kill()
    append(log, 'job', 'lost')
    await log.stop()
    expect(log.size).toBe(0)
  })
})
