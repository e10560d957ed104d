import { ApiError } from './errors.ts'

const LONGEST_BACK_OFF_MS = 10_000
/** A server that asks for more than this is not waited for. */
const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * How long to wait before the next try, in milliseconds; undefined when the server asks for more than is reasonable. Doubles with
 * each failure, and has chance in it, so that the clients of a server that was away do not all come back at the same moment.
 * @param failures how many tries have failed, at least 1
 */
export function backOffMs(error: unknown, failures: number, firstMs: number): number | undefined {
  const longest = Math.min(firstMs * 2 ** (failures - 1), LONGEST_BACK_OFF_MS)
  const waitMs = longest * (0.5 + Math.random() / 2)
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined
  if (asked === undefined) return waitMs
  return asked > LONGEST_RETRY_AFTER_MS ? undefined : asked + waitMs
}

/** @throws the reason of the signal, when it aborts first */
export function pause(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, waitMs)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
