import type { JobMetrics, RunningJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'

/** Measures the times and counts of one run. */
export class RunMeter {
  readonly #clock: Clock
  readonly #queuedMs: number
  readonly #startedAt: number
  #callStartedAt: number
  #firstTokenAt: number | undefined
  #tokenCount = 0
  #calls = 0

  constructor(job: RunningJob, clock: Clock) {
    this.#clock = clock
    this.#queuedMs = job.metrics.queuedMs
    this.#startedAt = clock.elapsed()
    this.#callStartedAt = this.#startedAt
  }

  countCall(): void {
    this.#calls++
    this.#callStartedAt = this.#clock.elapsed()
  }

  /** Milliseconds from the start of the last call to its first token. No call follows one that gave a token. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.#callStartedAt
  }

  countToken(): void {
    this.#firstTokenAt ??= this.#clock.elapsed()
    this.#tokenCount++
  }

  metrics(summary: CompletionSummary = {}): JobMetrics {
    const { usage, finishReason } = summary
    return {
      durationMs: Math.round(this.#clock.elapsed() - this.#startedAt),
      tokenCount: this.#tokenCount,
      ttftMs: this.#firstTokenAt === undefined ? null : Math.round(this.#firstTokenAt - this.#startedAt),
      queuedMs: this.#queuedMs,
      attempts: this.#calls,
      ...(usage && { usage }),
      ...(finishReason && { finishReason }),
    }
  }
}
