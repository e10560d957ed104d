import type { Redis } from 'ioredis'
import type { Logger } from '../base/logger.ts'

/** Says in the log when this Redis may remove keys that have not expired: waiting jobs and live text would be lost. */
export async function warnOfEviction(redis: Redis, logger: Pick<Logger, 'warn'>): Promise<void> {
  // A Redis that does not answer INFO is no reason not to start.
  const info = await redis.info('memory').catch(() => '')
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (policy === undefined || policy === 'noeviction') return
  logger.warn({ policy }, 'Redis may evict keys, and so lose waiting jobs; set its maxmemory-policy to noeviction')
}
