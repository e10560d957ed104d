import type { JobMetrics } from '@promptlab/contract'
import type { Clock } from '../../base/clock.ts'
import type { Answer, AnswerMark } from '../answer/answer.ts'
import { runOf, type StoredRunningJob } from '../job.ts'
import type { JobCheckpoint } from '../ports/stored-values.ts'
import type { RunCheckpoint } from './run-checkpoint.ts'

/** What a run has made, and how much of it is stored. */
export class RunProgress {
  readonly #job: StoredRunningJob
  readonly #answer: Answer
  readonly #metrics: () => JobMetrics
  readonly #clock: Clock
  #stored: AnswerMark

  /** @param answer as it is stored now */
  constructor(job: StoredRunningJob, answer: Answer, metrics: () => JobMetrics, clock: Clock) {
    this.#job = job
    this.#answer = answer
    this.#metrics = metrics
    this.#clock = clock
    this.#stored = answer.mark
  }

  /** The progress since it was last stored. */
  get current(): JobCheckpoint {
    return {
      id: this.#job.id,
      run: runOf(this.#job),
      growth: this.#answer.growthSince(this.#stored),
      metrics: this.#metrics(),
      updatedAt: new Date(this.#clock.now()).toISOString(),
    }
  }

  /** Undefined if all of the answer is stored. */
  get unstored(): RunCheckpoint | undefined {
    const { mark } = this.#answer
    return mark.pieceCount === this.#stored.pieceCount ? undefined : { progress: this.current, mark }
  }

  storedUpTo(mark: AnswerMark): void {
    this.#stored = mark
  }
}
