import { ProviderError } from '@promptlab/providers'
import { IdleTimer } from '../../base/idle-timer.ts'

/** The time limits of a run, in milliseconds. The first three count silence: anything that the vendor sends ends it. */
export interface TimeLimits {
  /** Before the first content of a call, of whatever kind: without any sign of life from the vendor. */
  readonly firstTokenTimeoutMs: number
  /** Behind the first content: without any sign of life. */
  readonly tokenIdleTimeoutMs: number
  /**
   * Signs of life without content, from the start of the call or from the first of them behind content. So a vendor's pings
   * cannot hold a slot for ever.
   */
  readonly contentTimeoutMs: number
  /** The whole run, with all its calls. */
  readonly jobTimeoutMs: number
}

type OnTimeout = (error: ProviderError) => void

/** Watches one run. It reports a limit of a call to the call, and the limit of the whole run to the run. */
export class TimeLimitWatch {
  readonly #limits: TimeLimits
  readonly #total: NodeJS.Timeout
  #silence: IdleTimer | undefined
  /** Runs while the vendor sends no content, so that content need not restart it. */
  #content: NodeJS.Timeout | undefined
  #hasContent = false
  #onSilence: OnTimeout = () => {}

  /** @param onTimeout called when the whole run takes too long */
  constructor(limits: TimeLimits, onTimeout: OnTimeout) {
    this.#limits = limits
    const { jobTimeoutMs } = limits
    this.#total = setTimeout(() => onTimeout(timeout('The job was not complete', jobTimeoutMs)), jobTimeoutMs)
  }

  /** @param onSilence called when the call is silent for too long, or sends no content */
  callStarted(onSilence: OnTimeout): void {
    this.#onSilence = onSilence
    this.resume()
  }

  callEnded(): void {
    this.pause()
  }

  /** The vendor sent something that is no content. */
  lifeCame(): void {
    this.#silence?.active()
    this.#content ??= this.#contentLimit()
  }

  /** The vendor sent a piece of the answer. */
  contentCame(): void {
    this.#contentEnded()
    if (this.#hasContent) this.#silence?.active()
    else {
      this.#hasContent = true
      this.#silence?.stop()
      this.#silence = this.#silenceLimit()
    }
  }

  /** Stops the limits of silence and of content until `resume`. The limit of the whole run goes on. */
  pause(): void {
    this.#silence?.stop()
    this.#contentEnded()
  }

  resume(): void {
    this.#silence = this.#silenceLimit()
    if (!this.#hasContent) this.#content = this.#contentLimit()
  }

  stop(): void {
    clearTimeout(this.#total)
    this.pause()
  }

  #contentEnded(): void {
    if (this.#content === undefined) return
    clearTimeout(this.#content)
    this.#content = undefined
  }

  #contentLimit(): NodeJS.Timeout {
    const { contentTimeoutMs } = this.#limits
    return setTimeout(() => this.#report('The provider sent no content', contentTimeoutMs), contentTimeoutMs)
  }

  #silenceLimit(): IdleTimer {
    const { firstTokenTimeoutMs, tokenIdleTimeoutMs } = this.#limits
    return this.#hasContent
      ? this.#limit('The provider sent nothing more', tokenIdleTimeoutMs)
      : this.#limit('The provider sent nothing', firstTokenTimeoutMs)
  }

  #limit(what: string, idleMs: number): IdleTimer {
    return new IdleTimer(idleMs, () => this.#report(what, idleMs))
  }

  #report(what: string, ms: number): void {
    this.#onSilence(timeout(what, ms))
  }
}

function timeout(what: string, ms: number): ProviderError {
  return new ProviderError(`${what} within ${ms} ms`, { code: 'provider-timeout' })
}
