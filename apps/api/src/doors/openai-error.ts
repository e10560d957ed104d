import type { ProblemCode } from '@promptlab/contract'
import type { ApiError } from '../base/api-error.ts'
import { PROBLEMS } from '../http/problems/problems.ts'
import { retryHeaders } from './door-error.ts'
import { type DoorRefusal, jsonRefusal } from './door-refusal.ts'

/** An error as OpenAI's SDKs read it. All four fields are there. */
export interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string
}

interface Row {
  readonly code: string
  /** The default is that of the native API. */
  readonly status?: number
}

/** The codes of OpenAI for ours. A code that is not here is written with underscores. SDKs repeat a request after 408 and 409. */
const ROWS: Partial<Record<ProblemCode, Row>> = {
  'invalid-request': { code: 'invalid_value' },
  'unknown-provider': { code: 'model_not_found' },
  'unknown-model': { code: 'model_not_found' },
  'model-unavailable': { code: 'model_not_found', status: 404 },
  'unsupported-option': { code: 'unsupported_parameter' },
  'previous-job-gone': { code: 'previous_response_not_found' },
  'job-not-finished': { code: 'previous_response_not_finished', status: 400 },
  'job-cancelled': { code: 'response_cancelled', status: 400 },
  unauthorized: { code: 'invalid_api_key' },
  'job-not-found': { code: 'not_found' },
  'item-not-found': { code: 'not_found' },
  'route-not-found': { code: 'not_found' },
  'request-timeout': { code: 'request_timeout', status: 400 },
  'idempotency-key-reused': { code: 'idempotency_key_reused', status: 400 },
  'provider-rejected': { code: 'provider_rejected', status: 400 },
  'prompt-too-long': { code: 'context_length_exceeded', status: 400 },
  'answer-too-long': { code: 'answer_too_long', status: 400 },
  'rate-limited': { code: 'rate_limit_exceeded' },
  'provider-rate-limited': { code: 'rate_limit_exceeded', status: 429 },
  'provider-quota-exceeded': { code: 'insufficient_quota', status: 429 },
}

/** Parameters of errors that name none. */
const PARAMS: Partial<Record<ProblemCode, string>> = {
  'unknown-provider': 'model',
  'unknown-model': 'model',
  'previous-job-gone': 'previous_response_id',
  'job-not-finished': 'previous_response_id',
}

/** The error of an answer, or of an event in a stream. */
export function openAiErrorOf({ code, message, faults }: Pick<ApiError, 'code' | 'message' | 'faults'>): OpenAiError {
  const [first] = faults ?? []
  return {
    message,
    type: typeOf(statusOf(code)),
    param: first?.path ?? PARAMS[code] ?? null,
    code: (first && codeOfFault(first.message)) ?? codeOf(code),
  }
}

/** Answers with an error in the shape of OpenAI. */
export function refuseAsOpenAi(error: ApiError): DoorRefusal {
  return jsonRefusal(statusOf(error.code), { error: openAiErrorOf(error) }, retryHeaders(error))
}

function statusOf(code: ProblemCode): number {
  return ROWS[code]?.status ?? PROBLEMS[code].status
}

function codeOf(code: ProblemCode): string {
  return ROWS[code]?.code ?? code.replaceAll('-', '_')
}

/** SDKs and people tell these two faults from wrong values. */
function codeOfFault(message: string): string | undefined {
  if (message.startsWith('Is required')) return 'missing_required_parameter'
  return message.startsWith('Unknown field') ? 'unknown_parameter' : undefined
}

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
