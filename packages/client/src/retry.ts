import { backOffMs, pause } from './back-off.ts'
import { isTransient } from './errors.ts'

export interface RetryPolicy {
  /** How many failures in a row are tried again. */
  readonly maxRetries: number
  /** The first pause, in milliseconds; each one is about twice the one before. */
  readonly retryDelayMs: number
}

/** Counts failures in a row, and says after each whether and when to try again. */
export class Retry {
  readonly #policy: RetryPolicy
  readonly #signal: AbortSignal | undefined
  #failures = 0

  constructor(policy: RetryPolicy, signal: AbortSignal | undefined) {
    this.#policy = policy
    this.#signal = signal
  }

  /** How many tries have failed since the last success. */
  get failures(): number {
    return this.#failures
  }

  succeeded(): void {
    this.#failures = 0
  }

  /**
   * Resolves when it is time to try again.
   * @param onWait told how long that takes
   * @throws the error, when it is final or came too often; the reason of the signal, when that aborts
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
