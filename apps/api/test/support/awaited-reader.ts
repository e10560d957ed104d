/** Something to read from that says when there is more, such as a `TokenReader` or a `JobEventReader`. */
interface Source<Item> {
  read(): readonly Item[]
}

/** Reads from a source by awaiting. */
export class AwaitedReader<Item, S extends Source<Item>> {
  readonly source: S
  readonly #isOver: (source: S) => boolean
  #ready = Promise.withResolvers<void>()

  /**
   * @param open makes the source; the callback is its `onReady`
   * @param isOver whether nothing more will come
   */
  constructor(open: (onReady: () => void) => S, isOver: (source: S) => boolean) {
    this.#isOver = isOver
    this.source = open(() => this.look())
  }

  /** Has a waiting read look at the source again. */
  look(): void {
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

  /** Everything up to the end. */
  async rest(): Promise<Item[]> {
    const items: Item[] = []
    for (let batch = await this.next(); batch; batch = await this.next()) items.push(...batch)
    return items
  }
}
