import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { describe, it, onTestFinished } from 'vitest'
import { RedisProcess } from './redis-process.ts'

const LOCAL = 'redis://127.0.0.1:6379'
const HOW_TO =
  'Redis is not installed; install redis-server (Debian: apt-get install redis-server), or set TEST_REDIS_URL, to include this test'

export interface TestRedis {
  readonly url: string
  /** The prefix of the test's keys. They are removed when the test ends. */
  readonly prefix: string
  /** A connection of the test's own. */
  readonly client: Redis
}

/** Defines tests that need a Redis, given its URL. Without one they are skipped with a message; in CI they fail. */
export function describeWithRedis(name: string, define: (url: string) => void): void {
  if (url !== undefined) describe(name, () => define(url))
  else describe(name, () => void it('needs Redis', ({ skip }) => skip(HOW_TO)))
}

/** Whether a test can start a Redis of its own. */
const hasProgram = spawnSync('redis-server', ['--version']).status === 0
const url = await findRedis()

/** Like `describeWithRedis`, for tests that start, kill and restart a Redis of their own. */
export function describeWithRedisProcess(name: string, define: () => void): void {
  if (hasProgram) describe(name, define)
  else if (process.env['CI']) throw new Error(HOW_TO)
  else describe(name, () => void it('needs Redis', ({ skip }) => skip(HOW_TO)))
}

/** A key prefix of the test's own in a shared Redis. */
export function useRedis(redisUrl: string): TestRedis {
  const client = new Redis(redisUrl)
  const prefix = `promptlab-test-${randomUUID()}:`
  onTestFinished(async () => {
    const keys = await client.keys(`${prefix}*`)
    if (keys.length > 0) await client.del(keys)
    client.disconnect()
  })
  return { url: redisUrl, prefix, client }
}

async function findRedis(): Promise<string | undefined> {
  const given = process.env['TEST_REDIS_URL']
  if (given) return given
  if (await answers(LOCAL)) return LOCAL
  if (hasProgram) return (await RedisProcess.startForAll()).url
  if (process.env['CI']) throw new Error(HOW_TO)
  return undefined
}

async function answers(candidate: string): Promise<boolean> {
  const client = new Redis(candidate, { lazyConnect: true, retryStrategy: () => undefined })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
