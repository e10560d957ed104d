import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Notes that the body is no longer needed, although the answer may go on for long. Harmless when repeated. */
    releaseBody: () => void
  }
}

interface HeldBodiesOptions {
  /** The most bytes of bodies that are received, parsed and handled at once. */
  maxBytes: number
}

const RETRY_AFTER_SECONDS = 1

/** Bounds the memory that bodies take together. A body counts from the headers of its request until it was handled. */
export const heldBodies = fp<HeldBodiesOptions>(
  async (app, { maxBytes }) => {
    let heldBytes = 0
    app.decorateRequest('releaseBody', () => {})
    app.addHook('onRequest', (request, reply, done) => {
      const { headers } = request
      // A body of unknown length may be as long as allowed.
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
