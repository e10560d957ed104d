/**
 * Runs work of one caller one after the other, and that of several callers at once. So the jobs of one caller that come at
 * once hold one connection of the pool, and not all of them, while they wait for the row of the caller.
 */
export class CallerTurns {
  /** The work of each caller that ends last. */
  readonly #last = new Map<string, Promise<void>>()

  async run<Result>(owner: string, work: () => Promise<Result>): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#last.get(owner)
    this.#last.set(owner, promise)
    await before
    try {
      return await work()
    } finally {
      if (this.#last.get(owner) === promise) this.#last.delete(owner)
      resolve()
    }
  }
}
