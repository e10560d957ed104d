export interface LeaseTimes {
  /** How long a process counts as alive without a heartbeat, in milliseconds. */
  readonly leaseMs: number
  /** The time between two heartbeats, in milliseconds. */
  readonly renewMs: number
}

/** The row of another process. */
export interface ObservedRunner {
  readonly id: string
  /** Changes with each heartbeat of the process. */
  readonly heartbeat: string
}

interface WatchedRunner {
  readonly heartbeat: string
  /** When the heartbeat was first seen, or this watch itself went on after a gap, on the monotonic clock, in milliseconds. */
  readonly since: number
}

/** The rows of processes that have been gone for so many leases are removed. */
const LEASES_KEPT = 100

/**
 * Decides which other processes are gone: their rows did not change for a whole lease, during which this process observed the
 * rows without a gap. When all processes were paused together, or the database was away, every one of them starts to count
 * anew, so that they do not declare each other dead. All times are milliseconds on the monotonic clock of this process.
 */
export class RunnerWatch {
  readonly #times: LeaseTimes
  #runners = new Map<string, WatchedRunner>()
  #observedAt = Number.NEGATIVE_INFINITY

  constructor(times: LeaseTimes) {
    this.#times = times
  }

  /** Takes in the rows as they were at the end of a successful heartbeat. */
  observe(rows: readonly ObservedRunner[], now: number): void {
    const hadGap = now - this.#observedAt > this.#longestGapMs
    this.#observedAt = now
    this.#runners = new Map(
      rows.map(({ id, heartbeat }) => {
        const known = this.#runners.get(id)
        const isUnchanged = known?.heartbeat === heartbeat && !hadGap
        return [id, { heartbeat, since: isUnchanged ? known.since : now }]
      }),
    )
  }

  /** The processes that are gone; none while this process has not observed the rows just now. */
  gone(now: number): string[] {
    return now - this.#observedAt > this.#longestGapMs ? [] : this.#unchangedFor(this.#times.leaseMs)
  }

  /** The processes that have been gone for so long that nothing of them is left to take over. */
  forgotten(): string[] {
    return this.#unchangedFor(this.#times.leaseMs * LEASES_KEPT)
  }

  /** A heartbeat may be late by as much before the observation counts as interrupted. */
  get #longestGapMs(): number {
    return Math.min(this.#times.renewMs * 2, this.#times.leaseMs / 2)
  }

  #unchangedFor(leaseMs: number): string[] {
    return [...this.#runners].flatMap(([id, { since }]) => (this.#observedAt - since >= leaseMs ? [id] : []))
  }
}
