import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ApiError } from '../base/api-error.ts'
import { asApiError, headersSoFar } from '../http/problems/problem-plugin.ts'
import { unknownRoute } from '../http/unknown-route.ts'

/** An answer that refuses a request. */
export interface DoorRefusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
}

/** How a door says an error. */
export type Refuse = (error: ApiError, request: FastifyRequest) => DoorRefusal

const JSON_TYPE = 'application/json; charset=utf-8'

export function jsonRefusal(status: number, body: object, headers: Readonly<Record<string, string>>): DoorRefusal {
  return { status, headers, body: JSON.stringify(body) }
}

/** Answers every error of the routes of a door, and every unknown path below its prefix, in the shape of the door. */
export function answerErrorsAs(app: FastifyInstance, refuse: Refuse): void {
  app.setErrorHandler((error, request, reply) => sendRefusal(refuse, error, request, reply))
  app.setNotFoundHandler(async (request) => {
    throw unknownRoute(request)
  })
}

/** Sends an error in the shape of a door. */
export function sendRefusal(
  refuse: Refuse,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const apiError = asApiError(error)
  const { status, headers, body } = refuse(apiError, request)
  if (apiError.code === 'internal') request.log.error({ err: error }, 'request failed')
  // Sent as a text, so that Fastify does not apply the schema of the route's good answers to it.
  return reply
    .code(status)
    .headers(headers)
    .type(JSON_TYPE)
    .serializer((payload: string) => payload)
    .send(body)
}

/** Sends a refusal on a reply that was taken over from Fastify, and of which nothing was sent. */
export function writeRefusal({ status, headers, body }: DoorRefusal, reply: FastifyReply): void {
  reply.raw.writeHead(status, {
    ...headersSoFar(reply),
    ...headers,
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
  })
  reply.raw.end(body)
}
