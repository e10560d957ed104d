import type { OutgoingHttpHeaders } from 'node:http'
import type { Problem } from '@promptlab/contract'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { pathOf } from '../path-of.ts'
import { unknownRoute } from '../unknown-route.ts'
import { PROBLEMS } from './problems.ts'

/** Answers every error and every unknown route as `application/problem+json` (RFC 9457). */
export const problemPlugin = fp(
  async (app) => {
    app.setErrorHandler(sendProblem)
    app.setNotFoundHandler((request, reply) => sendProblem(unknownRoute(request), request, reply))
  },
  { name: 'problems' },
)

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Sends an error as a problem. Also the handler of errors before a route is found (Fastify's option `frameworkErrors`). */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const apiError = asApiError(error)
  const problem = problemOf(apiError, request)
  if (problem.status === 500) request.log.error({ err: error }, 'request failed')
  if (apiError.retryAfterSeconds !== undefined) reply.header('retry-after', apiError.retryAfterSeconds)
  // Sent as a text, so that Fastify does not apply the schema of the route's good answers to it.
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .serializer((payload: string) => payload)
    .send(JSON.stringify(problem))
}

/** Sends an error as a problem on a reply that was taken over from Fastify, and of which nothing was sent. */
export function writeProblem(error: ApiError, reply: FastifyReply): void {
  const problem = problemOf(error, reply.request)
  const body = JSON.stringify(problem)
  reply.raw.writeHead(problem.status, {
    ...headersSoFar(reply),
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
  })
  reply.raw.end(body)
}

/** The headers that Fastify would send, for a reply that was taken over from it. */
export function headersSoFar(reply: FastifyReply): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined))
}

/** The error of the API that callers are shown instead of any other error. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : fromFramework(error)
}

function problemOf({ code, message, faults }: ApiError, request: FastifyRequest): Problem {
  return {
    type: `urn:promptlab:problem:${code}`,
    ...PROBLEMS[code],
    detail: message,
    instance: pathOf(request),
    code,
    requestId: request.id,
    ...(faults && { errors: [...faults] }),
  }
}

function fromFramework(error: unknown): ApiError {
  const { code, statusCode = 500, message } = asFastifyError(error)
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('payload-too-large', 'The body is larger than this server accepts. Send a shorter prompt.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError('unsupported-media-type', "Send JSON, with the header 'content-type: application/json'.")
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ApiError(
        'invalid-request',
        'The body is not valid JSON, or it has a key such as __proto__. Send a JSON object.',
        {
          faults: [{ path: 'body', message: 'Must be JSON' }],
        },
      )
  }
  if (statusCode >= 400 && statusCode < 500) return new ApiError('invalid-request', message)
  return new ApiError('internal', 'The server failed to answer this request. Its log has the details under requestId.')
}

function asFastifyError(error: unknown): Partial<FastifyError> & { message: string } {
  return error instanceof Error ? error : { message: String(error) }
}
