/**
 * Calls back after each silence of a given length. A sound only notes the time; to refresh a timer of Node's for each token
 * would cost more than to encode it.
 */
export class IdleTimer {
  readonly #silenceMs: number
  readonly #onSilence: () => void
  #lastSoundAt = performance.now()
  #timer: NodeJS.Timeout

  /** @param silenceMs in milliseconds, counted from now and from each sound */
  constructor(silenceMs: number, onSilence: () => void) {
    this.#silenceMs = silenceMs
    this.#onSilence = onSilence
    this.#timer = this.#wait(silenceMs)
  }

  sound(): void {
    this.#lastSoundAt = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const leftMs = this.#silenceMs - (performance.now() - this.#lastSoundAt)
      // Timers may come a fraction of a millisecond early.
      const isSilence = leftMs < 1
      if (isSilence) this.sound()
      this.#timer = this.#wait(isSilence ? this.#silenceMs : leftMs)
      if (isSilence) this.#onSilence()
    }, ms)
  }
}
