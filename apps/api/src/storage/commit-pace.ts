/** So many commits may follow each other at once; after them, one in `CREDIT_MS`. */
const BURST = 4
const CREDIT_MS = 4
/** Where they come thicker than that, one in this time. */
const SPACING_MS = 25

/**
 * Spaces commits when they come thick. A commit costs a write to the disk however little it holds, about as much CPU time as
 * all else that a short job needs; under load it is better to wait for a few changes more. Commits that come now and then,
 * such as those of a single client, wait for nothing. PostgreSQL has the same habit in `commit_delay`.
 */
export class CommitPace {
  /** How many commits may go at once now; below zero, they come thick. */
  #credit = BURST
  #countedAt = performance.now()

  /** Resolves when the next commit may begin. For one caller at a time. */
  async turn(): Promise<void> {
    const now = performance.now()
    this.#credit = Math.min(BURST, this.#credit + (now - this.#countedAt) / CREDIT_MS) - 1
    this.#countedAt = now
    if (this.#credit >= 0) return
    await new Promise((resolve) => setTimeout(resolve, SPACING_MS))
    // What passed while it waited is no credit for the next one, or commits would come in bursts of a few.
    this.#credit = 0
    this.#countedAt = performance.now()
  }
}
