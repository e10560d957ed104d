import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'

/** A place where several processes count together. */
export interface SharedCounters {
  /** The client that the rate limiter speaks to: Redis. */
  readonly client: object
  close(): void
}

interface RateLimitOptions {
  /** Undefined: there is no limit. */
  perMinute: number | undefined
  /** Undefined: this process counts for itself. */
  counters: SharedCounters | undefined
}

/** Headers that tell a client how much it has left. */
export const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']

/** Bounds the requests of each caller, or of each address where there are no keys. */
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
      // Without Redis nobody is counted, which is better than that nobody is served.
      ...(counters && { redis: counters.client, nameSpace: 'rate-limit:', skipOnError: true }),
    })
  },
  { name: 'rate-limit', dependencies: ['auth'] },
)
