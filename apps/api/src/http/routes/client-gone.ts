import type { FastifyReply } from 'fastify'

/**
 * Aborts when the client closes the connection before it has its answer. Not `request.signal`: that one is aborted as soon as
 * the body of a POST has been read.
 */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
