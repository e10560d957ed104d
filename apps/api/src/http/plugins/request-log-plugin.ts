import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { z } from 'zod'
import { pathOf } from '../path-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The job that a request made; one that is in the path need not be named. */
    jobId: string | undefined
  }
}

const JobParams = z.object({ id: z.string() })

/**
 * One line for each request, when its answer is over: what was asked, by whom, about which job, and how it went. Never what
 * was sent: bodies hold prompts, headers hold keys, and queries hold signatures.
 */
export const requestLogPlugin = fp(
  async (app) => {
    app.decorateRequest('jobId', undefined)
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      // Not onResponse, which knows nothing of answers that a client did not wait for, as streams often are.
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
