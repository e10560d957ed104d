import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'

/** Counters that several processes share. */
export interface SharedCounters {
  /** The Redis client of the rate limiter. */
  readonly client: object
  close(): void
}

interface RateLimitOptions {
  /** Undefined when there is no limit. */
  perMinute: number | undefined
  /** Undefined when this process counts only its own requests. */
  counters: SharedCounters | undefined
}

/** The headers that tell a client how many requests it has left. */
export const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']

/** Limits the requests of each caller, or of each address on a server without keys. */
export const rateLimitPlugin = fp<RateLimitOptions>(
  async (app, { perMinute, counters }) => {
    if (counters) app.addHook('onClose', async () => counters.close())
    if (perMinute === undefined) return
    await app.register(rateLimit, {
      max: perMinute,
      timeWindow: 60_000,
      keyGenerator: ({ caller, ip }) => (caller === undefined ? `address ${ip}` : `caller ${caller}`),
      enableDraftSpec: true,
      errorResponseBuilder: (_, { ttl }) => {
        const retryAfterSeconds = Math.max(1, Math.ceil(ttl / 1000))
        const message = `${perMinute} requests a minute are allowed. Try again in ${retryAfterSeconds} s.`
        return new ApiError('rate-limited', message, { retryAfterSeconds })
      },
      // Without Redis no request is counted. The alternative would be to refuse all of them.
      ...(counters && { redis: counters.client, nameSpace: 'rate-limit:', skipOnError: true }),
    })
  },
  { name: 'rate-limit', dependencies: ['auth'] },
)
