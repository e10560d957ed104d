import type { Logger } from '../base/logger.ts'
import { FAIL_FAST, newRedis } from './connect-redis.ts'

/** How long a request waits to be counted, in milliseconds. */
const COUNT_WITHIN_MS = 250

/** Opens the connection with which the rate limits count the requests of all processes together. */
export function openRequestCounters({ url, logger }: { url: string; logger: Pick<Logger, 'info' | 'warn'> }) {
  const client = newRedis(
    { url, logger, name: 'rate-limit' },
    { ...FAIL_FAST, commandTimeout: COUNT_WITHIN_MS, keyPrefix: 'promptlab:' },
  )
  return { client, close: () => client.disconnect() }
}
