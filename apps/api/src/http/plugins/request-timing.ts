import type { Server } from 'node:http'
import type { FastifyHttpOptions } from 'fastify'

/** How long a client may take to send what it sends, in milliseconds. How long answers take is another matter. */
export interface RequestTiming {
  /** To the end of the headers. */
  readonly headersMs: number
  /** To the end of the body. */
  readonly requestMs: number
  /** How often connections are looked at, which is how much later than that they are closed. */
  readonly checkMs: number
}

/** After this silence the system asks whether the other end of a connection is still there. */
const KEEP_ALIVE_PROBE_MS = 60_000

/** What Fastify and Node.js have to be told for it. */
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
