import type { Logger } from '../base/logger.ts'
import { FAIL_FAST, newRedis } from './connect-redis.ts'

/** A request waits no longer than this to be counted, in milliseconds. */
const COUNT_WITHIN_MS = 250

/** A connection through which the requests of all processes are counted together. */
export function openRequestCounters({ url, logger }: { url: string; logger: Pick<Logger, 'info' | 'warn'> }) {
  const client = newRedis(
    { url, logger, name: 'rate-limit' },
    { ...FAIL_FAST, commandTimeout: COUNT_WITHIN_MS, keyPrefix: 'promptlab:' },
  )
  return { client, close: () => client.disconnect() }
}
