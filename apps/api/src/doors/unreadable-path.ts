import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../http/problems/problem-plugin.ts'
import { refuseAsAnthropic } from './anthropic-messages/anthropic-error.ts'
import { sendRefusal } from './door-refusal.ts'
import { refuseAsOpenAi } from './openai-error.ts'

/**
 * Answers a request whose path cannot be read, or has too long an id. It reaches no route, so the beginning of its path tells
 * the API whose errors its client reads.
 */
export function sendUnreadablePath(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('x-request-id', request.id)
  const { url, headers } = request
  if (!url.startsWith('/v1/')) return sendProblem(error, request, reply)
  const isAnthropic = url.startsWith('/v1/messages') || headers['anthropic-version'] !== undefined
  return sendRefusal(isAnthropic ? refuseAsAnthropic : refuseAsOpenAi, error, request, reply)
}
