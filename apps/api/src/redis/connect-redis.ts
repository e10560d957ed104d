import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import { UnreachableError } from '../base/unreachable-error.ts'

type RedisSettings = Omit<RedisOptions, 'replyMapping'>

interface RedisConnectionOptions {
  readonly url: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** The purpose of the connection. `CLIENT LIST` shows it as `promptlab-NAME`. */
  readonly name: string
}

/** How long Redis may take to answer a command, in milliseconds. */
const COMMAND_TIMEOUT_MS = 5_000
/** The longest pause between two attempts to reconnect, in milliseconds. */
const LONGEST_RECONNECT_MS = 1_000

/**
 * Settings for commands whose result is awaited. While Redis is away, a command fails at once instead of waiting, and no
 * command is repeated without the caller's knowledge.
 */
export const FAIL_FAST: RedisSettings = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: COMMAND_TIMEOUT_MS,
}

/**
 * Connects to Redis. The connection restores itself whenever it breaks, and logs each loss once.
 * @throws UnreachableError Redis does not answer
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

/**
 * Like `connectRedis`, but does not wait: it connects in the background, however long that takes.
 * @param mayRetry whether to reconnect and log losses
 */
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
    if (!isAway && mayRetry()) logger.warn({ err: error, connection: name }, 'lost the connection to Redis')
    isAway = true
  })
  redis.on('ready', () => {
    if (isAway) logger.info({ connection: name }, 'connected to Redis again')
    isAway = false
  })
  return redis
}

function unreachable(url: string, reason: unknown): UnreachableError {
  const why = (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, '')
  // Only the host of the address, because the rest may have a password.
  return new UnreachableError(
    `Redis at ${new URL(url).host} cannot be reached: ${why}. Start it, or correct REDIS_URL.`,
    { cause: reason },
  )
}
