import { ProviderError } from '@promptlab/providers'
import { IdleTimer } from '../../base/idle-timer.ts'

/** The time limits of a run, in milliseconds. */
export interface TimeLimits {
  /** From the start of a call to its first token. */
  readonly firstTokenTimeoutMs: number
  /** Between two tokens. */
  readonly tokenIdleTimeoutMs: number
  /** The whole run, with all its calls. */
  readonly jobTimeoutMs: number
}

/** Watches one run and reports the first limit that is exceeded. */
export class TimeLimitWatch {
  readonly #limits: TimeLimits
  readonly #onTimeout: (error: ProviderError) => void
  readonly #total: NodeJS.Timeout
  #idle: IdleTimer | undefined
  #hasToken = false

  constructor(limits: TimeLimits, onTimeout: (error: ProviderError) => void) {
    this.#limits = limits
    this.#onTimeout = onTimeout
    const { jobTimeoutMs } = limits
    this.#total = setTimeout(() => this.#report('The job was not complete', jobTimeoutMs), jobTimeoutMs)
  }

  callStarted(): void {
    this.#idle = this.#limit('The provider sent no token', this.#limits.firstTokenTimeoutMs)
  }

  callEnded(): void {
    this.#idle?.stop()
  }

  tokenCame(): void {
    if (this.#hasToken) {
      this.#idle?.active()
      return
    }
    this.#hasToken = true
    this.#idle?.stop()
    this.resume()
  }

  /** Stops the limit between two tokens until `resume`. The limit of the whole run goes on. */
  pause(): void {
    this.#idle?.stop()
  }

  resume(): void {
    this.#idle = this.#limit('The provider sent no further token', this.#limits.tokenIdleTimeoutMs)
  }

  stop(): void {
    clearTimeout(this.#total)
    this.#idle?.stop()
  }

  #limit(what: string, idleMs: number): IdleTimer {
    return new IdleTimer(idleMs, () => this.#report(what, idleMs))
  }

  #report(what: string, ms: number): void {
    this.#onTimeout(new ProviderError(`${what} within ${ms} ms`, { code: 'provider-timeout' }))
  }
}
