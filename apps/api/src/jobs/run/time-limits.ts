import { ProviderError } from '@promptlab/providers'
import { IdleTimer } from '../../base/idle-timer.ts'

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
  #silence: IdleTimer | undefined
  #hasToken = false

  constructor(limits: TimeLimits, onTimeout: (error: ProviderError) => void) {
    this.#limits = limits
    this.#onTimeout = onTimeout
    const { jobTimeoutMs } = limits
    this.#total = setTimeout(() => this.#report('The job was not complete', jobTimeoutMs), jobTimeoutMs)
  }

  /** The provider is called. */
  attemptStarted(): void {
    this.#silence = this.#limit('The provider sent no token', this.#limits.firstTokenTimeoutMs)
  }

  attemptEnded(): void {
    this.#silence?.stop()
  }

  tokenCame(): void {
    if (this.#hasToken) {
      this.#silence?.sound()
      return
    }
    this.#hasToken = true
    this.#silence?.stop()
    this.#silence = this.#limit('The provider sent no further token', this.#limits.tokenIdleTimeoutMs)
  }

  stop(): void {
    clearTimeout(this.#total)
    this.#silence?.stop()
  }

  #limit(what: string, silenceMs: number): IdleTimer {
    return new IdleTimer(silenceMs, () => this.#report(what, silenceMs))
  }

  #report(what: string, ms: number): void {
    this.#onTimeout(new ProviderError(`${what} within ${ms} ms`, { code: 'provider-timeout' }))
  }
}
