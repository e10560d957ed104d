/**
 * Bounds the queries that are under way at once. Between two of them the event loop has its turn, so that many readers which come
 * back together hold up no other request, even on a store that answers at once.
 */
export class QueryTurns {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #busy = 0

  /** @param limit the most queries at once */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Makes a query when its turn has come, in the order of the calls. */
  async run<Answer>(query: () => Promise<Answer>): Promise<Answer> {
    if (this.#busy >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#busy++
    try {
      return await query()
    } finally {
      setImmediate(() => this.#next())
    }
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#busy--
  }
}
