/**
 * Calls back each time nothing was active for a given time. `active` only notes the time, because refreshing a timer of
 * Node.js for each token costs more than encoding the token.
 */
export class IdleTimer {
  readonly #idleMs: number
  readonly #onIdle: () => void
  #lastActiveAt = performance.now()
  #timer: NodeJS.Timeout

  /** @param idleMs in milliseconds, counted from the construction and from each `active` */
  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs
    this.#onIdle = onIdle
    this.#timer = this.#wait(idleMs)
  }

  /** Notes that something happened. */
  active(): void {
    this.#lastActiveAt = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const leftMs = this.#idleMs - (performance.now() - this.#lastActiveAt)
      // Timers may come a fraction of a millisecond early.
      const isIdle = leftMs < 1
      if (isIdle) this.active()
      this.#timer = this.#wait(isIdle ? this.#idleMs : leftMs)
      if (isIdle) this.#onIdle()
    }, ms)
  }
}
