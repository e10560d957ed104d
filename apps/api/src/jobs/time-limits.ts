import { ProviderError } from '@promptlab/providers'

/** How long a run may take, in milliseconds. */
export interface TimeLimits {
  /** From a call of the provider to its first token. */
  readonly firstTokenTimeoutMs: number
  /** Between two tokens. */
  readonly tokenIdleTimeoutMs: number
  /** The run as a whole, with all its attempts. */
  readonly jobTimeoutMs: number
}

/** Watches one run, and reports the first limit that it passes. */
export class TimeLimitWatch {
  readonly #limits: TimeLimits
  readonly #onTimeout: (error: ProviderError) => void
  readonly #total: NodeJS.Timeout
  #silence: NodeJS.Timeout | undefined
  #hasToken = false

  constructor(limits: TimeLimits, onTimeout: (error: ProviderError) => void) {
    this.#limits = limits
    this.#onTimeout = onTimeout
    this.#total = this.#limit('The job was not complete', limits.jobTimeoutMs)
  }

  /** The provider is called. */
  attemptStarted(): void {
    this.#silence = this.#limit('The provider sent no token', this.#limits.firstTokenTimeoutMs)
  }

  attemptEnded(): void {
    clearTimeout(this.#silence)
  }

  tokenCame(): void {
    if (this.#hasToken) {
      this.#silence?.refresh()
      return
    }
    this.#hasToken = true
    clearTimeout(this.#silence)
    this.#silence = this.#limit('The provider sent no further token', this.#limits.tokenIdleTimeoutMs)
  }

  stop(): void {
    clearTimeout(this.#total)
    clearTimeout(this.#silence)
  }

  #limit(what: string, ms: number): NodeJS.Timeout {
    return setTimeout(
      () => this.#onTimeout(new ProviderError(`${what} within ${ms} ms`, { code: 'provider-timeout' })),
      ms,
    )
  }
}
