import type { FastifyReply } from 'fastify'

/**
 * A signal that aborts when the client closes the connection before the answer is complete. Not `request.signal`, which
 * aborts as soon as the body of a POST has been read.
 */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
