import { backOffMs, pause } from './back-off.ts'
import { isTransient } from './errors.ts'

export interface RetryPolicy {
  /** How many failures in a row are followed by a retry. */
  readonly maxRetries: number
  /** The first pause, in milliseconds. Each pause is about twice the one before. */
  readonly retryDelayMs: number
}

/** Counts failures in a row and decides after each whether and when to retry. */
export class Retry {
  readonly #policy: RetryPolicy
  readonly #signal: AbortSignal | undefined
  #failures = 0

  constructor(policy: RetryPolicy, signal: AbortSignal | undefined) {
    this.#policy = policy
    this.#signal = signal
  }

  /** How many tries in a row have failed. */
  get failures(): number {
    return this.#failures
  }

  succeeded(): void {
    this.#failures = 0
  }

  /**
   * Resolves when it is time to retry.
   * @param onWait called with the length of the pause, in milliseconds
   * @throws the error, if a retry cannot help or the retries are used up; the reason of the signal, if the signal aborts
   */
  async after(error: unknown, onWait?: (waitMs: number) => void): Promise<void> {
    this.#signal?.throwIfAborted()
    if (!isTransient(error) || ++this.#failures > this.#policy.maxRetries) throw error
    const waitMs = backOffMs(error, this.#failures, this.#policy.retryDelayMs)
    if (waitMs === undefined) throw error
    onWait?.(waitMs)
    await pause(waitMs, this.#signal)
  }
}
