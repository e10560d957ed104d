/** So many commits may follow each other at once. */
const BURST = 4
/** From then on, one in this time. */
const INTERVAL_MS = 4

/**
 * Spaces commits when they come thick. A commit costs a write to the disk however little it holds, about as much CPU time as
 * all else that a short job needs; under load it is better to wait for a few changes more. Commits that come now and then,
 * such as those of a single client, wait for nothing. PostgreSQL has the same habit in `commit_delay`.
 */
export class CommitPace {
  /** How many commits may go at once now; below zero, one waits. */
  #credit = BURST
  #countedAt = performance.now()

  /** Resolves when the next commit may begin. For one caller at a time. */
  async turn(): Promise<void> {
    const now = performance.now()
    this.#credit = Math.min(BURST, this.#credit + (now - this.#countedAt) / INTERVAL_MS) - 1
    this.#countedAt = now
    if (this.#credit >= 0) return
    await new Promise((resolve) => setTimeout(resolve, -this.#credit * INTERVAL_MS))
  }
}
