/**
 * Runs one commit at a time. All changes that are submitted before a commit begins share it. The picture at
 * `JsonFileJobRepository` shows the way of a change to the disk.
 */
export class GroupCommit<Change> {
  readonly #commit: (changes: readonly Change[]) => Promise<void>
  readonly #pause: () => Promise<void>
  #waiting: Change[] = []
  #next: Promise<void> | undefined
  #current: Promise<void> = Promise.resolve()

  /**
   * @param commit makes the changes; if it rejects, the promises of all its changes reject
   * @param pause waited for before each commit, after the commit before it has ended
   */
  constructor(commit: (changes: readonly Change[]) => Promise<void>, pause: () => Promise<void> = async () => {}) {
    this.#commit = commit
    this.#pause = pause
  }

  /** Resolves when the commit with this change has succeeded. */
  submit(change: Change): Promise<void> {
    this.#waiting.push(change)
    this.#next ??= this.#startNext()
    return this.#next
  }

  /** Resolves when no commit runs or waits, whether or not the last ones succeeded. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#current, this.#next])
  }

  async #startNext(): Promise<void> {
    await Promise.allSettled([this.#current])
    await this.#pause()
    const changes = this.#waiting
    this.#waiting = []
    this.#current = this.#commit(changes)
    this.#next = undefined
    await this.#current
  }
}
