import type { APIError } from 'openai'
import { retryAfterMs } from '../retry-after.ts'
import { valueAt } from '../value-at.ts'
import { failureOfStatus, failureOfTransport, type VendorFailure } from '../vendor-failure.ts'

/** The failure of a request that got no answer. */
export function failureOfSending(error: unknown): VendorFailure {
  const failure = failureOfTransport(error)
  // There is no answer that could be malformed, so an error that the transport does not know is a failed connection
  // too.
  return failure.code === 'provider-malformed'
    ? { code: 'provider-unavailable', what: 'could not be reached' }
    : failure
}

/** The failure of a request that the vendor refused with this status, as the SDK read the answer. */
export function failureOfRefusal(
  status: number,
  { error, headers }: Pick<APIError, 'error' | 'headers'>,
): VendorFailure {
  return { ...withWords(failureOfStatus(status), error), retryAfterMs: retryAfterMs(headers) }
}

/**
 * The failure that the value of `{"error": …}` inside a stream means. It has no status; compatible servers put one in
 * `code`.
 */
export function failureInStream(body: unknown): VendorFailure {
  return withWords(failureOfNames(body), body)
}

function withWords(failure: VendorFailure, body: unknown): VendorFailure {
  // OpenAI answers 429 for an empty account too, and then waiting does not help.
  const retryable = namesOf(body).includes('insufficient_quota') ? false : failure.retryable
  return { ...failure, retryable, vendorText: textOf(body) }
}

function failureOfNames(body: unknown): VendorFailure {
  const what = 'failed in the middle of its answer'
  const names = namesOf(body)
  const status = names.map(Number).find((value) => value >= 400 && value < 600)
  if (status !== undefined) return { ...failureOfStatus(status), what }
  if (names.some((name) => /rate_limit|insufficient_quota/.test(name))) return { code: 'provider-rate-limited', what }
  if (names.some((name) => /api_key|authentication|permission/.test(name))) return { code: 'provider-auth', what }
  if (names.some((name) => /invalid_request|content_policy/.test(name))) return { code: 'provider-rejected', what }
  return { code: 'provider-unavailable', what }
}

function namesOf(body: unknown): string[] {
  return [valueAt(body, 'code'), valueAt(body, 'type')].filter((name) => name != null).map(String)
}

function textOf(body: unknown): string | undefined {
  const message = valueAt(body, 'message') ?? body
  return typeof message === 'string' ? message : JSON.stringify(message)
}
