/** This many commits may follow each other without a pause. After them, one in `CREDIT_MS` may. */
const BURST = 4
const CREDIT_MS = 4
/** The pause before a commit, when they come faster than that. */
const PAUSE_MS = 25

/**
 * Spaces commits out under load: after four at once, one every 25 ms while more than one comes in 4 ms. Each commit is a
 * flush, however little it holds. With 100 jobs within a tenth of a second, the flushes were a quarter of the server's time
 * (docs/decisions/2026-11-23-jobs-file.md). The commits of a single client never wait. PostgreSQL has `commit_delay` for
 * the same purpose. The picture at `JsonFileJobRepository` shows where a commit waits for it.
 */
export class CommitPace {
  /** How many commits may begin without a pause now. Below zero, the next one waits. */
  #credit = BURST
  #countedAt = performance.now()

  /** Resolves when the next commit may begin. Call it once for each commit, one call at a time. */
  async wait(): Promise<void> {
    const now = performance.now()
    this.#credit = Math.min(BURST, this.#credit + (now - this.#countedAt) / CREDIT_MS) - 1
    this.#countedAt = now
    if (this.#credit >= 0) return
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    // The pause earns no credit. Otherwise commits would come in bursts of a few.
    this.#credit = 0
    this.#countedAt = performance.now()
  }
}
