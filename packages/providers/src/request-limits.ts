import type { AnswerHeaders } from './http/http-answer.ts'

/** The requests that a vendor still takes, as the headers of an answer told. */
export interface RequestLimits {
  /** How many more requests the vendor takes now. */
  readonly remainingRequests: number
  /** When the vendor takes as many requests as it ever does at once, in milliseconds from now, more than 0. */
  readonly resetMs: number
  /** How many requests those are. They come back one by one until the reset. Undefined: not told, all come back at the reset. */
  readonly limit?: number
}

/** The names of the headers of one vendor. Limits of tokens are not read: they do not tell how many requests are left. */
interface HeaderNames {
  readonly remaining: string
  readonly reset: string
  readonly limit: string
}

const OPENAI: HeaderNames = {
  remaining: 'x-ratelimit-remaining-requests',
  reset: 'x-ratelimit-reset-requests',
  limit: 'x-ratelimit-limit-requests',
}
const ANTHROPIC: HeaderNames = {
  remaining: 'anthropic-ratelimit-requests-remaining',
  reset: 'anthropic-ratelimit-requests-reset',
  limit: 'anthropic-ratelimit-requests-limit',
}

/** A duration as Go writes it, such as `12ms`, `1.5s`, `6m0s` or `1h2m3s`. */
const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Reads the headers of OpenAI and of servers that speak its protocol, whose reset is a duration.
 * @returns undefined if headers are missing or cannot be read, or nothing has to be waited for
 */
export function openAILimits(headers: AnswerHeaders): RequestLimits | undefined {
  return limitsOf(headers, OPENAI, durationMs)
}

/**
 * Reads the headers of Anthropic, whose reset is a time in the form of RFC 3339.
 * @returns undefined if headers are missing or cannot be read, or nothing has to be waited for
 */
export function anthropicLimits(headers: AnswerHeaders, nowMs = Date.now()): RequestLimits | undefined {
  return limitsOf(headers, ANTHROPIC, (value) => (RFC_3339.test(value) ? Date.parse(value) - nowMs : undefined))
}

function limitsOf(
  headers: AnswerHeaders,
  names: HeaderNames,
  msOf: (reset: string) => number | undefined,
): RequestLimits | undefined {
  const remainingRequests = countOf(headers.get(names.remaining))
  // Most answers end here.
  if (remainingRequests === undefined) return undefined
  const resetMs = msOf(headers.get(names.reset)?.trim() ?? '')
  if (resetMs === undefined || !(resetMs > 0)) return undefined
  const limit = countOf(headers.get(names.limit))
  return { remainingRequests, resetMs, ...(limit !== undefined && limit > 0 && { limit }) }
}

function countOf(value: string | null): number | undefined {
  return value !== null && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : undefined
}

function durationMs(value: string): number | undefined {
  const match = DURATION.exec(value)
  if (value === '' || !match) return undefined
  const [, hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = match
  return Math.ceil(
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(milliseconds),
  )
}
