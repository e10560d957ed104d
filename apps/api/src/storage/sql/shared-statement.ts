import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'

interface SharedStatementOptions<Item, Result> {
  /** Executes the statement for all the items. The results are in the order of the items. */
  readonly execute: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Items with the same key never share an execution. */
  readonly keyOf: (item: Item) => string
  /** About how many characters an item sends or gets. */
  readonly sizeOf: (item: Item) => number
  /** How many executions may be under way. */
  readonly maxUnderWay: number
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly outcome: PromiseWithResolvers<Result>
}

/** Bounds of an execution. One item alone may have more characters. */
const MAX_ITEMS = 100
const MAX_CHARACTERS = 2_000_000

/**
 * A statement that many callers share. An item is executed at once while few executions are under way; items that come
 * meanwhile are executed together. So nobody waits for more items to come, and the busier the database is, the fewer statements
 * it gets.
 */
export class SharedStatement<Item, Result> {
  readonly #options: SharedStatementOptions<Item, Result>
  #waiting: Waiting<Item, Result>[] = []
  readonly #underWay = new Set<string>()
  #executions = 0

  constructor(options: SharedStatementOptions<Item, Result>) {
    this.#options = options
  }

  execute(item: Item): Promise<Result> {
    const outcome = Promise.withResolvers<Result>()
    this.#waiting.push({ item, outcome })
    this.#next()
    return outcome.promise
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#executions < this.#options.maxUnderWay) {
      const taken = this.#take()
      if (taken.length === 0) return
      void this.#run(taken)
    }
  }

  async #run(taken: readonly Waiting<Item, Result>[]): Promise<void> {
    const keys = taken.map(({ item }) => this.#options.keyOf(item))
    for (const key of keys) this.#underWay.add(key)
    this.#executions += 1
    await this.#settle(taken)
    this.#executions -= 1
    for (const key of keys) this.#underWay.delete(key)
    this.#next()
  }

  /**
   * Items that failed together are executed one by one: an error that one of them causes is not that of the others. But when the
   * database did not answer, they may have been executed, and all fail.
   */
  async #settle(taken: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.execute(taken.map(({ item }) => item))
      for (const [index, result] of results.entries()) taken[index]?.outcome.resolve(result)
    } catch (error) {
      const isFinal = taken.length === 1 || error instanceof StorageUnavailableError
      if (isFinal) for (const { outcome } of taken) outcome.reject(error)
      else for (const one of taken) await this.#settle([one])
    }
  }

  #take(): Waiting<Item, Result>[] {
    const { keyOf, sizeOf } = this.#options
    const taken: Waiting<Item, Result>[] = []
    const left: Waiting<Item, Result>[] = []
    const keys = new Set(this.#underWay)
    let characters = 0
    for (const waiting of this.#waiting) {
      const key = keyOf(waiting.item)
      const size = sizeOf(waiting.item)
      const hasRoom = taken.length === 0 || (taken.length < MAX_ITEMS && characters + size <= MAX_CHARACTERS)
      if (hasRoom && !keys.has(key)) {
        taken.push(waiting)
        characters += size
      } else {
        left.push(waiting)
      }
      keys.add(key)
    }
    this.#waiting = left
    return taken
  }
}
