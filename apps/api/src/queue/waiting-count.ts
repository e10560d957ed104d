/** A count that is older than this is taken again, in milliseconds. */
const FRESH_MS = 250

/**
 * The number of waiting jobs in a queue that several processes add to: the last count, plus the jobs that this process has
 * added since. It always counts again before it refuses a slot.
 */
export class WaitingCount {
  readonly #count: () => Promise<number>
  #counted = 0
  #countedAt = Number.NEGATIVE_INFINITY
  #counting: Promise<void> | undefined
  #enqueuedSince = 0
  #reserved = 0

  /** @param count counts the jobs that wait now */
  constructor(count: () => Promise<number>) {
    this.#count = count
  }

  /** @returns whether a slot was reserved; call `enqueued` or `released` for it once */
  async reserve(max: number): Promise<boolean> {
    if (performance.now() - this.#countedAt > FRESH_MS || this.#total >= max) await this.#recount()
    if (this.#total >= max) return false
    this.#reserved++
    return true
  }

  enqueued(): void {
    this.#reserved--
    this.#enqueuedSince++
  }

  released(): void {
    this.#reserved--
  }

  get #total(): number {
    return this.#counted + this.#enqueuedSince + this.#reserved
  }

  /** Calls during a count share its answer. */
  #recount(): Promise<void> {
    this.#counting ??= this.#take().finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #take(): Promise<void> {
    this.#counted = await this.#count()
    this.#countedAt = performance.now()
    this.#enqueuedSince = 0
  }
}
