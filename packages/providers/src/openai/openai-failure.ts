import type { ProviderErrorCode } from '@promptlab/contract'
import type { AnswerHeaders } from '../http/http-answer.ts'
import { codeOfWords } from '../refusal-words.ts'
import { retryAfterMs } from '../retry-after.ts'
import { failureOfStatus, type VendorFailure } from '../vendor-failure.ts'
import { type ErrorBody, errorBodyOf } from './error-body.ts'

/**
 * The failure of a request that the server refused.
 * @param address where the request went, for the message of a wrong address
 * @param text the body of the answer
 */
export function failureOfRefusal(status: number, headers: AnswerHeaders, text: string, address: string): VendorFailure {
  const body = errorBodyOf(text)
  const wait = retryAfterMs(headers)
  const failure = failureOfStatus(status)
  const told = { ...failure, address, retryAfterMs: wait, vendorText: body.message, code: codeOf(status, body, wait) }
  if (isWrongAddress(status, body)) {
    return { ...told, code: 'provider-unavailable', retryable: false, what: `answered ${status} at ${address}` }
  }
  return { ...told, sentence: sentenceOf(status, body) }
}

/** Whether a refusal says that nothing, or something else, is served at this address. */
export function isWrongAddress(status: number, body: ErrorBody): boolean {
  if (status !== 404 && status !== 405) return false
  return !body.isJson || (ROUTE.test(body.message) && !/model/i.test(`${body.message} ${body.names}`))
}

const ROUTE = /^(?:page |resource )?not found\b|route|\burl\b|cannot (?:post|get)|no such path|method not/i

function codeOf(status: number, body: ErrorBody, wait: number | undefined): ProviderErrorCode {
  const { code } = failureOfStatus(status)
  if (status === 401 || status === 408 || status >= 500) return code
  if (isAboutMoney(body, wait)) return 'provider-quota-exceeded'
  if (status === 400 && WRONG_KEY.test(`${body.names} ${body.message}`)) return 'provider-auth'
  const words = `${body.names} ${body.message}`
  // A prompt that a filter stopped, or a model that this account may not use: the caller can change both.
  if (status === 403 && body.isFlagged) return 'provider-rejected'
  if (status === 403 && FORBIDDEN_MODEL.test(words)) return 'model-unavailable'
  return code === 'provider-rejected' ? (codeOfWords(words) ?? code) : code
}

/** The failure that a body reports inside a stream. It has no status; compatible servers put one into `code`, and overload is known by its name. */
export function failureInStream(value: unknown): VendorFailure {
  const body = errorBodyOf(value)
  const code = codeInStream(body)
  return {
    code,
    what: 'failed in the middle of its answer',
    status: body.status ?? (OVERLOAD.test(`${body.names} ${body.message}`) ? 503 : undefined),
    vendorText: body.message,
    ...(body.status !== 401 && body.status !== 403 && { sentence: body.message }),
  }
}

function codeInStream(body: ErrorBody): ProviderErrorCode {
  const { names } = body
  if (body.status !== undefined) return codeOf(body.status, body, undefined)
  if (isAboutMoney(body, undefined)) return 'provider-quota-exceeded'
  if (/rate[ _]?limit|too[ _]many/i.test(`${names} ${body.message}`)) return 'provider-rate-limited'
  if (/api_key|authentication|permission/i.test(names)) return 'provider-auth'
  const about = codeOfWords(`${names} ${body.message}`)
  if (about) return about
  return body.isFlagged || ABOUT_REQUEST.test(names) ? 'provider-rejected' : 'provider-unavailable'
}

/** Words of a vendor that has too much to do. */
const OVERLOAD = /overload|slow_down|at capacity/i
/** Names of failures inside a stream that are about the request. */
const ABOUT_REQUEST =
  /invalid_(?:request|prompt|image|base64)|content_policy|bio_policy|policy_violation|string_above_max|image_(?:too|parse|file)|image_media_type/i

const NO_MONEY =
  /insufficient[ _-]?(?:balance|quota|credits?|funds)|credit balance is too low|billing_|billing (?:hard limit|details|account)|arrear|payment required|no credits|out of credits|requires more credits|spend(?:ing)? limit/i
const WRONG_KEY =
  /api_key_invalid|invalid_api_key|(?:incorrect|invalid|missing|wrong) api[ _-]?key|api[ _-]?key not valid/i
const FORBIDDEN_MODEL = /model_not_(?:found|allowed)|(?:access to|permission .*|not allowed .*|use) (?:the )?model/i

/**
 * Whether the account has no credit. OpenAI's words for that are those of Gemini's limit for each minute too; that limit
 * tells its name, or how long to wait.
 */
function isAboutMoney({ names, message }: ErrorBody, wait: number | undefined): boolean {
  if (NO_MONEY.test(names)) return true
  return NO_MONEY.test(message) && wait === undefined && !/resource_exhausted|rate_limit/i.test(names)
}

function sentenceOf(status: number, { isJson, message }: ErrorBody): string | undefined {
  if (isJson && message) return message
  return status === 413 ? 'The request is too large.' : undefined
}
