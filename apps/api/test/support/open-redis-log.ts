import { onTestFinished } from 'vitest'
import { RedisTokenLog } from '../../src/token-log/redis-token-log.ts'
import { SILENT } from './silent-logger.ts'
import type { TestRedis } from './test-redis.ts'

type Options = Partial<Parameters<typeof RedisTokenLog.open>[0]>

/** Opens the log of one process. */
export async function openRedisLog(
  { url, prefix }: Pick<TestRedis, 'url' | 'prefix'>,
  options?: Options,
): Promise<RedisTokenLog> {
  const log = await RedisTokenLog.open({ url, prefix, logger: SILENT, ...options })
  onTestFinished(() => log.stop())
  return log
}
