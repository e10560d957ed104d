import type { AnswerHeaders } from '../http/http-answer.ts'
import { errorBodyOf } from '../openai/error-body.ts'
import { failureInStream, failureOfRefusal } from '../openai/openai-failure.ts'
import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'
import type { VendorFailure } from '../vendor-failure.ts'

/** The statuses of Anthropic's errors. A failure inside a stream has only the name. */
const STATUSES = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

/**
 * The failure of a request that the vendor refused.
 * @param address where the request went, for the message of a wrong address
 * @param text the body of the answer
 */
export function failureOfStatusAndBody(
  status: number,
  headers: AnswerHeaders,
  text: string,
  address: string,
): VendorFailure {
  return withSpendLimit(failureOfRefusal(status, headers, text, address), valueAt(parsedJson(text), 'error'))
}

/** The failure that the vendor reports inside a stream: an `error` object, or words. */
export function failureInAnswer(error: unknown): VendorFailure {
  const status = STATUSES.get(String(valueAt(error, 'type')))
  // The status is read where compatible servers have it.
  const body = status === undefined ? error : { message: errorBodyOf(error).message, code: status }
  return withSpendLimit(failureInStream(body), error)
}

/** A limit of money passes with the month, or when it is raised: another try does not help. */
function withSpendLimit(failure: VendorFailure, error: unknown): VendorFailure {
  const words = `${valueAt(error, 'details', 'error_code')} ${valueAt(error, 'message')}`
  if (failure.code === 'provider-auth' || failure.code === 'provider-unavailable' || !SPENT.test(words)) return failure
  return { ...failure, code: 'provider-quota-exceeded' }
}

const SPENT = /spend(?:ing)?[ _]limit|usage limits?\b.*regain access/is
