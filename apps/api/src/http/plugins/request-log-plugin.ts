import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { z } from 'zod'
import { pathOf } from '../path-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The job that the request created. Jobs in the path are logged without this field. */
    jobId: string | undefined
  }
}

const JobParams = z.object({ id: z.string() })

/**
 * Logs one line for each request when its response closes: the method, the path, the caller, the job and the outcome. The line
 * never has what the client sent: bodies hold prompts, headers hold keys, and queries hold signatures.
 */
export const requestLogPlugin = fp(
  async (app) => {
    app.decorateRequest('jobId', undefined)
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      // Not onResponse: Fastify does not call it when the client leaves before the end, as readers of streams often do.
      reply.raw.once('close', () => request.log.info(lineOf(request, reply), 'request'))
      done()
    })
  },
  { name: 'request-log' },
)

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const { method, caller, ip } = request
  return {
    method,
    path: pathOf(request),
    status: reply.raw.statusCode,
    durationMs: Math.round(reply.elapsedTime),
    ...(!reply.raw.writableFinished && { cutOff: true }),
    caller,
    jobId: request.jobId ?? JobParams.safeParse(request.params).data?.id,
    traceId: request.trace?.traceId,
    address: ip,
  }
}
