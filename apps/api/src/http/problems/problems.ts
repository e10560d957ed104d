import type { ProblemCode } from '@promptlab/contract'

/** The HTTP side of each code; a new code does not compile until it has a row. */
export const PROBLEMS: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'unknown-provider': { status: 400, title: 'No such provider' },
  'unknown-model': { status: 400, title: 'No such model' },
  unauthorized: { status: 401, title: 'No valid API key' },
  'job-not-found': { status: 404, title: 'No such job' },
  'route-not-found': { status: 404, title: 'No such route' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'not-acceptable': { status: 406, title: 'No acceptable media type' },
  'request-timeout': { status: 408, title: 'The request took too long' },
  'job-not-finished': { status: 409, title: 'The job is not finished' },
  'payload-too-large': { status: 413, title: 'The request body is too large' },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key belongs to another request' },
  'queue-full': { status: 429, title: 'The queue is full' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'too-many-streams': { status: 429, title: 'Too many open streams' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'The server failed' },
  'provider-key-missing': { status: 503, title: 'The provider has no API key' },
  'storage-unavailable': { status: 503, title: 'The job store is not available' },
  'queue-unavailable': { status: 503, title: 'The job queue is not available' },
  'shutting-down': { status: 503, title: 'The server is shutting down' },
}
