import type { Server } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'

/** How long a client may take to send a request, in milliseconds. Answers have no such limit. */
export interface RequestTiming {
  /** Until the headers are complete. */
  readonly headersMs: number
  /** Until the body is complete. */
  readonly requestMs: number
  /** The interval of the check. A connection is closed up to this much later than its limit. */
  readonly checkMs: number
}

/** A connection that is idle for this long is probed by the operating system (TCP keep-alive). */
const KEEP_ALIVE_PROBE_MS = 60_000

/** The options of Fastify and Node.js for these times. */
export function timedBy({ headersMs, requestMs, checkMs }: RequestTiming) {
  return {
    requestTimeout: requestMs,
    http: {
      headersTimeout: headersMs,
      connectionsCheckingInterval: checkMs,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    },
  } satisfies FastifyHttpOptions<Server>
}
