/** A count that was taken earlier than this is taken again, in milliseconds. */
const FRESH_MS = 250

/**
 * How many jobs wait in a queue that others add to as well: counted now and then, with what this process has added since.
 * It never refuses a place without having counted just then.
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

  /** @returns whether there was a place; it is either `enqueued` or `released` then */
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

  /** Those who come while it counts share the answer. */
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
