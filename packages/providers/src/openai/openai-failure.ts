import { APIConnectionError, APIError } from 'openai'
import { retryAfterMs } from '../retry-after.ts'
import { valueAt } from '../value-at.ts'
import { failureOfStatus, failureOfTransport, type VendorFailure } from '../vendor-failure.ts'

/** What an error of the `openai` SDK means. */
export function openAIFailure(error: unknown): VendorFailure {
  if (error instanceof APIConnectionError) {
    const failure = failureOfTransport(error.cause)
    // Before an answer there is nothing to misread: what the transport cannot explain is a failed connection too.
    return failure.code === 'provider-malformed'
      ? { code: 'provider-unavailable', what: 'could not be reached' }
      : failure
  }
  if (!(error instanceof APIError)) return failureOfTransport(error)
  if (typeof error.status !== 'number') return failureInStream(error.error)
  return { ...withWords(failureOfStatus(error.status), error.error), retryAfterMs: retryAfterMs(error.headers) }
}

/** What the value of `{"error": …}` inside a stream means. It has no status; compatible servers put one in `code`. */
export function failureInStream(body: unknown): VendorFailure {
  return withWords(failureOfNames(body), body)
}

function withWords(failure: VendorFailure, body: unknown): VendorFailure {
  // An empty account also answers 429, and no waiting helps.
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
