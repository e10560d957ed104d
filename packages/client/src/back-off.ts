import { ApiError } from './errors.ts'

const LONGEST_BACK_OFF_MS = 10_000
/** When the server asks for a longer wait, the call fails at once. */
const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * The pause before the next try, in milliseconds; undefined when the server asks for more than 60 s. The pause doubles with each
 * failure, up to 10 s, and has jitter: the clients of a server that was away must not all return at the same moment.
 * @param failures how many tries in a row have failed, at least 1
 * @param firstMs the first pause, in milliseconds
 */
export function backOffMs(error: unknown, failures: number, firstMs: number): number | undefined {
  const longest = Math.min(firstMs * 2 ** (failures - 1), LONGEST_BACK_OFF_MS)
  const waitMs = longest * (0.5 + Math.random() / 2)
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined
  if (asked === undefined) return waitMs
  return asked > LONGEST_RETRY_AFTER_MS ? undefined : asked + waitMs
}

/** @throws the reason of the signal, if the signal aborts before the pause is over */
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
