import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Stops counting the body. For routes whose answer goes on after the body was handled. Harmless when repeated. */
    releaseBody: () => void
  }
}

interface HeldBodiesOptions {
  /** The most bytes of bodies that are received, parsed and handled at once. */
  maxBytes: number
}

const RETRY_AFTER_SECONDS = 1

/** Limits the memory of all bodies together. A body counts from the headers of its request until it is handled. */
export const heldBodies = fp<HeldBodiesOptions>(
  async (app, { maxBytes }) => {
    let heldBytes = 0
    app.decorateRequest('releaseBody', () => {})
    app.addHook('onRequest', (request, reply, done) => {
      const { headers } = request
      // A body of unknown length counts as the longest that is allowed.
      const isOfUnknownLength = headers['transfer-encoding'] !== undefined
      const bytes = isOfUnknownLength ? request.routeOptions.bodyLimit : Number(headers['content-length'] ?? 0)
      if (bytes === 0 || !Number.isFinite(bytes)) return done()
      if (heldBytes > 0 && heldBytes + bytes > maxBytes) {
        return done(
          new ApiError(
            'server-busy',
            'The server is handling as many long requests as it can hold. Try again in a moment.',
            {
              retryAfterSeconds: RETRY_AFTER_SECONDS,
            },
          ),
        )
      }
      heldBytes += bytes
      let isHeld = true
      request.releaseBody = () => {
        if (isHeld) heldBytes -= bytes
        isHeld = false
      }
      reply.raw.once('close', request.releaseBody)
      done()
    })
  },
  { name: 'held-bodies' },
)
