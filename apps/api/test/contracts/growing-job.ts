import { Answer, NOTHING } from '../../src/jobs/answer/answer.ts'
import type { Piece } from '../../src/jobs/answer/piece.ts'
import { finishJob, type StoredFinalJob, type StoredRunningJob } from '../../src/jobs/job.ts'
import type { JobCheckpoint } from '../../src/jobs/ports/stored-values.ts'

/** A running job whose answer grows, with the checkpoints of its run. */
export class GrowingJob {
  readonly #job: StoredRunningJob
  readonly #answer = new Answer()
  #mark = NOTHING
  #pieces = 0

  constructor(job: StoredRunningJob) {
    this.#job = job
  }

  /** The job as it is now. */
  get now(): StoredRunningJob {
    const { parts, ...answer } = this.#answer.stored
    const metrics = { ...this.#job.metrics, tokenCount: this.#pieces }
    return { ...this.#job, ...answer, ...(parts && { parts: [...parts] }), metrics }
  }

  say(...pieces: Piece[]): this {
    for (const piece of pieces) {
      this.#pieces += 1
      this.#answer.append(piece, this.#pieces * 7)
    }
    return this
  }

  /** What was added since the last checkpoint that was confirmed. */
  get checkpoint(): JobCheckpoint {
    const { id, run = 0, metrics, updatedAt } = this.now
    return { id, run, growth: this.#answer.growthSince(this.#mark), metrics, updatedAt }
  }

  /** The store has everything up to here. */
  confirm(): this {
    this.#mark = this.#answer.mark
    return this
  }

  finish(at: number): StoredFinalJob {
    return finishJob(this.#job, this.now, { status: 'completed' }, at)
  }
}
