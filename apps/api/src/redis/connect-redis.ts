import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import { UnreachableError } from '../base/unreachable-error.ts'

type RedisSettings = Omit<RedisOptions, 'replyMapping'>

interface RedisConnectionOptions {
  readonly url: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** What the connection is for, as `CLIENT LIST` shows it. */
  readonly name: string
}

/** How long Redis may take to answer a command, in milliseconds. */
const COMMAND_TIMEOUT_MS = 5_000
/** A server that comes back is to be noticed soon, in milliseconds. */
const LONGEST_RECONNECT_MS = 1_000

/**
 * For what somebody waits for: while Redis is away, a command fails at once instead of hanging, and none is sent twice
 * behind the caller's back.
 */
export const FAIL_FAST: RedisSettings = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: COMMAND_TIMEOUT_MS,
}

/**
 * A connection that comes back whenever it breaks, and says so once.
 * @throws UnreachableError it cannot be reached now
 */
export async function connectRedis(options: RedisConnectionOptions, settings: RedisSettings): Promise<Redis> {
  let hasBeenReady = false
  let reason: Error | undefined
  const redis = newRedis(options, { ...settings, lazyConnect: true }, () => hasBeenReady)
  const note = (error: Error) => {
    reason = error
  }
  redis.on('error', note)
  try {
    await redis.connect()
    hasBeenReady = true
    return redis
  } catch (error) {
    redis.disconnect()
    throw unreachable(options.url, reason ?? error)
  } finally {
    redis.off('error', note)
  }
}

/** Like `connectRedis`, without waiting: it connects in the background for as long as it takes. */
export function newRedis(
  { url, logger, name }: RedisConnectionOptions,
  settings: RedisSettings,
  mayRetry = () => true,
): Redis {
  const redis = new Redis(url, {
    connectionName: `promptlab-${name}`,
    retryStrategy: (times) => (mayRetry() ? Math.min(50 * 2 ** (times - 1), LONGEST_RECONNECT_MS) : undefined),
    ...settings,
  })
  let isAway = false
  // Without a listener, ioredis writes to the console.
  redis.on('error', (error: Error) => {
    if (!isAway && mayRetry()) logger.warn({ err: error, connection: name }, 'Redis is away')
    isAway = true
  })
  redis.on('ready', () => {
    if (isAway) logger.info({ connection: name }, 'Redis is back')
    isAway = false
  })
  return redis
}

function unreachable(url: string, reason: unknown): UnreachableError {
  const why = (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, '')
  // Without the user and the password.
  return new UnreachableError(`Redis at ${new URL(url).host} cannot be used: ${why}. Start it, or correct REDIS_URL.`, {
    cause: reason,
  })
}
