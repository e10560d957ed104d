import type { AnswerHeaders } from './http/http-answer.ts'

/**
 * Reads how long an answer asks us to wait: from `retry-after-ms`, or from `retry-after` in seconds or as an HTTP date.
 * @returns milliseconds; undefined if there is no such header or it cannot be read
 */
export function retryAfterMs(headers: AnswerHeaders | undefined, nowMs = Date.now()): number | undefined {
  const milliseconds = wait(headers?.get('retry-after-ms'), 1)
  if (milliseconds !== undefined) return milliseconds
  const header = headers?.get('retry-after')
  const seconds = wait(header, 1000)
  if (seconds !== undefined || !header) return seconds
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}

function wait(value: string | null | undefined, unitMs: number): number | undefined {
  return value && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Math.ceil(Number(value) * unitMs) : undefined
}
