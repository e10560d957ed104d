/**
 * A signal of its own that also aborts when another signal does. The signals of `AbortSignal.any` look through their sources each
 * time that somebody asks whether they are aborted, and a run asks at each token.
 */
export class LinkedAbort {
  readonly #source: AbortSignal
  readonly #controller = new AbortController()
  readonly #follow = () => this.#controller.abort(this.#source.reason)

  constructor(source: AbortSignal) {
    this.#source = source
    if (source.aborted) this.#follow()
    else source.addEventListener('abort', this.#follow, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason)
  }

  /** Call it at the end of the work: the other signal may live longer. */
  unlink(): void {
    this.#source.removeEventListener('abort', this.#follow)
  }
}
