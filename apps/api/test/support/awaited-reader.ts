/** A reader that calls back when it has more, such as a `TokenReader` or a `JobEventReader`. */
interface Source<Item> {
  read(): readonly Item[]
}

/** Turns such a source into promises. */
export class AwaitedReader<Item, S extends Source<Item>> {
  readonly source: S
  readonly #isOver: (source: S) => boolean
  #ready = Promise.withResolvers<void>()

  /**
   * @param open makes the source; the callback is its `onReady`
   * @param isOver whether the source has ended
   */
  constructor(open: (onReady: () => void) => S, isOver: (source: S) => boolean) {
    this.#isOver = isOver
    this.source = open(() => this.wake())
  }

  /** Makes a waiting read try the source again. */
  wake(): void {
    this.#ready.resolve()
    this.#ready = Promise.withResolvers()
  }

  /** The next batch, or `undefined` at the end. */
  async next(): Promise<readonly Item[] | undefined> {
    for (;;) {
      const ready = this.#ready.promise
      const items = this.source.read()
      if (items.length > 0) return items
      if (this.#isOver(this.source)) return undefined
      await ready
    }
  }

  /** All items up to the end. */
  async rest(): Promise<Item[]> {
    const items: Item[] = []
    for (let batch = await this.next(); batch; batch = await this.next()) items.push(...batch)
    return items
  }
}
