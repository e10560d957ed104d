/**
 * How long an answer asks to wait, in milliseconds: from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date.
 * @returns undefined when there is no such header or nobody could read it
 */
export function retryAfterMs(headers: Pick<Headers, 'get'> | undefined, nowMs = Date.now()): number | undefined {
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
