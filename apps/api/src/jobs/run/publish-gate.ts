/** Holds a run back while the store does not take what the run published. */
export class PublishGate {
  #held: PromiseWithResolvers<void> | undefined

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** Harmless when repeated. */
  hold(): void {
    this.#held ??= Promise.withResolvers()
  }

  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  /**
   * Waits until nothing holds the run.
   * @throws `signal.reason` on abort
   */
  async opened(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => aborted.resolve(), { once: true })
    while (this.#held && !signal.aborted) await Promise.race([this.#held.promise, aborted.promise])
    signal.throwIfAborted()
  }
}
