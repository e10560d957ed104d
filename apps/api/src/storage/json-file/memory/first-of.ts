/** Gathers the first ones of many items in an order, without sorting all of them. */
export class FirstOf<Item> {
  readonly #limit: number
  readonly #compare: (a: Item, b: Item) => number
  #items: Item[] = []
  /** The last of the first ones so far: what is not before it is none of them. */
  #last: Item | undefined

  constructor(limit: number, compare: (a: Item, b: Item) => number) {
    this.#limit = limit
    this.#compare = compare
  }

  add(item: Item): void {
    if (this.#last !== undefined && this.#compare(item, this.#last) >= 0) return
    this.#items.push(item)
    if (this.#items.length < 2 * this.#limit) return
    this.#items = this.sorted()
    this.#last = this.#items.at(-1)
  }

  /** The first ones, in order. */
  sorted(): Item[] {
    return this.#items.toSorted(this.#compare).slice(0, this.#limit)
  }
}
