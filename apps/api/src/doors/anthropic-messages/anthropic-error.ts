import type { ProblemCode } from '@promptlab/contract'
import type { FastifyRequest } from 'fastify'
import type { ApiError } from '../../base/api-error.ts'
import { retryHeaders } from '../door-error.ts'
import { type DoorRefusal, jsonRefusal } from '../door-refusal.ts'

/** The types of errors of the Messages API, as far as there is one of them here. */
type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'api_error'
  | 'overloaded_error'
  | 'timeout_error'

/** How an error is told. */
interface Told {
  readonly status: number
  readonly type: ErrorType
}

const INVALID: Told = { status: 400, type: 'invalid_request_error' }
const NOT_FOUND: Told = { status: 404, type: 'not_found_error' }
const FORBIDDEN: Told = { status: 403, type: 'permission_error' }
const RATE_LIMITED: Told = { status: 429, type: 'rate_limit_error' }
const FAILED: Told = { status: 500, type: 'api_error' }
const OVERLOADED: Told = { status: 529, type: 'overloaded_error' }

/** There is no 408 and no 409: SDKs send the request again, which would be another paid job. */
const TOLD: Readonly<Record<ProblemCode, Told>> = {
  'invalid-request': INVALID,
  'unknown-provider': NOT_FOUND,
  'unknown-model': NOT_FOUND,
  'unsupported-option': INVALID,
  'unpriced-model': INVALID,
  'budget-exceeded': { status: 402, type: 'billing_error' },
  'previous-job-gone': INVALID,
  unauthorized: { status: 401, type: 'authentication_error' },
  'untrusted-host': FORBIDDEN,
  'cross-site-request': FORBIDDEN,
  'storage-quota-exceeded': FORBIDDEN,
  'job-not-found': NOT_FOUND,
  'item-not-found': NOT_FOUND,
  'route-not-found': NOT_FOUND,
  'method-not-allowed': { status: 405, type: 'invalid_request_error' },
  'not-acceptable': INVALID,
  'request-timeout': INVALID,
  'job-not-finished': INVALID,
  'job-cancelled': INVALID,
  'payload-too-large': { status: 413, type: 'request_too_large' },
  'unsupported-media-type': { status: 415, type: 'invalid_request_error' },
  'idempotency-key-reused': INVALID,
  'provider-rejected': INVALID,
  'model-unavailable': NOT_FOUND,
  'prompt-too-long': INVALID,
  'answer-too-long': INVALID,
  'queue-full': RATE_LIMITED,
  'rate-limited': RATE_LIMITED,
  'too-many-streams': RATE_LIMITED,
  'provider-rate-limited': RATE_LIMITED,
  'headers-too-large': INVALID,
  internal: FAILED,
  interrupted: OVERLOADED,
  'provider-unavailable': FAILED,
  'provider-malformed': FAILED,
  'provider-auth': FAILED,
  'provider-key-missing': FAILED,
  // The account of this server, not of the caller.
  'provider-quota-exceeded': { status: 402, type: 'billing_error' },
  'storage-unavailable': OVERLOADED,
  'storage-full': OVERLOADED,
  'server-busy': OVERLOADED,
  'queue-unavailable': OVERLOADED,
  'shutting-down': OVERLOADED,
  'upgrade-under-way': OVERLOADED,
  'provider-timeout': { status: 504, type: 'timeout_error' },
}

/** Makes Anthropic's SDK send the whole conversation, without the `thread` in which Anthropic keeps it. Its tool runner asks for one. */
const NO_THREADS = { error_code: 'thread_unsupported_request' } as const

/** The body of an error, as answer and as event. */
interface AnthropicErrorBody {
  readonly type: 'error'
  readonly error: {
    readonly type: ErrorType
    readonly message: string
    readonly details?: typeof NO_THREADS
  }
  readonly request_id?: string
}

/** @param requestId of the request that the error answers */
export function anthropicErrorBody(
  { code, message, faults }: Pick<ApiError, 'code' | 'message' | 'faults'>,
  requestId: string | undefined,
): AnthropicErrorBody & { readonly [field: string]: unknown } {
  const namesThread = faults?.some(({ path }) => path === 'thread')
  const error = { type: TOLD[code].type, message, ...(namesThread && { details: NO_THREADS }) }
  return { type: 'error', error, ...(requestId !== undefined && { request_id: requestId }) }
}

/** Answers with an error in the shape of Anthropic, and with Anthropic's own header for the id of the request. */
export function refuseAsAnthropic(error: ApiError, { id }: Pick<FastifyRequest, 'id'>): DoorRefusal {
  const headers = { ...retryHeaders(error), 'request-id': id }
  return jsonRefusal(TOLD[error.code].status, anthropicErrorBody(error, id), headers)
}
