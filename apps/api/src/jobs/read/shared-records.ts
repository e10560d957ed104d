import type { FinalJob } from '@promptlab/contract'
import type { StoredJob } from '../job.ts'

type FinalRecord = FinalJob & StoredJob

/** A record that readers hold. */
interface Held {
  readonly record: FinalRecord
  readers: number
}

/**
 * Keeps one copy of each final record for all its readers, while there are some: a record may take megabytes, and a slow reader
 * needs it for minutes. A final record never changes.
 */
export class SharedRecords {
  readonly #held = new Map<string, Held>()

  /** The record that others hold. Undefined if nobody reads the job from its record. */
  find(jobId: string): FinalRecord | undefined {
    return this.#held.get(jobId)?.record
  }

  /**
   * Holds a record until `release`, which must be called once.
   * @returns the copy that others hold, or this one
   */
  hold(record: FinalRecord): FinalRecord {
    const held = this.#held.get(record.id) ?? { record, readers: 0 }
    held.readers++
    this.#held.set(record.id, held)
    return held.record
  }

  release(jobId: string): void {
    const held = this.#held.get(jobId)
    if (held && --held.readers === 0) this.#held.delete(jobId)
  }
}
