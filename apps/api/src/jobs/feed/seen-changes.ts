import type { JobSummary } from '@promptlab/contract'
import type { Clock } from '../../base/clock.ts'
import { OVERLAP_MS } from './feed-cursor.ts'
import { isSame, type Stage, stageOf } from './stage.ts'

/** How long a change is remembered after it was last seen, in milliseconds. The store is read over again for less long. */
const REMEMBERED_MS = 2 * OVERLAP_MS

interface SeenChange {
  readonly stage: Stage
  /** The moment at which it was told. */
  readonly moment: number
  /** Of a steady clock, in milliseconds. */
  seenAt: number
}

/**
 * Knows which changes were told lately, so that a change is told once, although it comes as a message and then again and again
 * from the store. A state from the store that differs from the one that was told last is new, whatever the clocks say.
 */
export class SeenChanges {
  readonly #clock: Pick<Clock, 'elapsed'>
  readonly #seen = new Map<string, SeenChange>()
  #moment = 0

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock
  }

  /** The present moment, in the order of what was told. */
  get moment(): number {
    return this.#moment
  }

  get size(): number {
    return this.#seen.size
  }

  /**
   * Whether a change is new; if so, it counts as told.
   * @param asOf the moment before which the store was asked for it. Undefined: it comes as a message
   */
  isNew(job: JobSummary, asOf = Number.POSITIVE_INFINITY): boolean {
    const stage = stageOf(job)
    const last = this.#seen.get(job.id)
    if (last) last.seenAt = this.#clock.elapsed()
    if (last && isOld(stage, last, asOf)) return false
    this.#seen.set(job.id, { stage, moment: ++this.#moment, seenAt: this.#clock.elapsed() })
    return true
  }

  /** Forgets what was not seen for some time. */
  forgetOld(): void {
    const before = this.#clock.elapsed() - REMEMBERED_MS
    for (const [id, { seenAt }] of this.#seen) if (seenAt < before) this.#seen.delete(id)
  }

  clear(): void {
    this.#seen.clear()
  }
}

function isOld(stage: Stage, last: SeenChange, asOf: number): boolean {
  if (stage.step !== last.stage.step) return stage.step < last.stage.step
  // A message that came while the store was asked may be newer than its answer. If it was not, the next answer differs again.
  return isSame(stage, last.stage) || last.moment > asOf
}
