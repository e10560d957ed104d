import type { FastifyRequest } from 'fastify'
import { ApiError } from '../base/api-error.ts'
import { pathOf } from './path-of.ts'

/** The paths that the SDKs of other APIs call below their base URL. */
const BELOW_BASE_URL = /^\/(?:chat\/completions|responses|messages|models)(?:\/|$)/

/** The error of a path that no route has. It tells what to do if the base URL of an SDK is the likely cause. */
export function unknownRoute(request: Pick<FastifyRequest, 'method' | 'url'>): ApiError {
  const path = pathOf(request)
  return new ApiError('route-not-found', `There is no ${request.method} ${path}.${hintFor(path)}`)
}

function hintFor(path: string): string {
  if (BELOW_BASE_URL.test(path)) return ' The base URL of an SDK of OpenAI ends with /v1: see docs/sdks.md.'
  return path.startsWith('/v1/v1/') ? " The base URL of Anthropic's SDK has no /v1: see docs/sdks.md." : ''
}
