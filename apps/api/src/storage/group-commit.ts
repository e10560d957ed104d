/** Runs one commit at a time. What is submitted while one runs, or waits for its turn, is committed together in the next. */
export class GroupCommit<Change> {
  readonly #commit: (changes: readonly Change[]) => Promise<void>
  readonly #turn: () => Promise<void>
  #waiting: Change[] = []
  #next: Promise<void> | undefined
  #current: Promise<void> = Promise.resolve()

  /**
   * @param commit if it rejects, so does every change it was given
   * @param turn waited for before each commit
   */
  constructor(commit: (changes: readonly Change[]) => Promise<void>, turn: () => Promise<void> = async () => {}) {
    this.#commit = commit
    this.#turn = turn
  }

  /** Resolves when the commit that the change is part of has succeeded. */
  submit(change: Change): Promise<void> {
    this.#waiting.push(change)
    this.#next ??= this.#startNext()
    return this.#next
  }

  /** Resolves when nothing is under way, however it ended. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#current, this.#next])
  }

  async #startNext(): Promise<void> {
    await Promise.allSettled([this.#current])
    await this.#turn()
    const changes = this.#waiting
    this.#waiting = []
    this.#current = this.#commit(changes)
    this.#next = undefined
    await this.#current
  }
}
