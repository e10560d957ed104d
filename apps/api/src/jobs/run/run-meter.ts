import type { JobMetrics, RunningJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'

/** Measures the times and counts of one run. */
export class RunMeter {
  readonly #clock: Clock
  readonly #queuedMs: number
  readonly #startedAt: number
  #callStartedAt: number
  #firstPieceAt: number | undefined
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

  /** Milliseconds from the start of the last call to its first text. No call follows one that gave anything. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenAt === undefined ? undefined : this.#firstTokenAt - this.#callStartedAt
  }

  /** @returns the time since the start of the run, in milliseconds */
  countPiece(isText: boolean): number {
    const now = this.#clock.elapsed()
    this.#firstPieceAt ??= now
    if (isText) {
      this.#firstTokenAt ??= now
      this.#tokenCount++
    }
    return now - this.#startedAt
  }

  /** @param isTextOnly whether the answer has nothing but text until now */
  metrics(isTextOnly: boolean, summary: CompletionSummary = {}): JobMetrics {
    const { usage, finishReason } = summary
    return {
      durationMs: Math.round(this.#clock.elapsed() - this.#startedAt),
      tokenCount: this.#tokenCount,
      ttftMs: this.#sinceStart(this.#firstTokenAt) ?? null,
      // Of a text it is the time to the first token, so there it would only repeat `ttftMs`.
      ...(!isTextOnly && { firstPieceMs: this.#sinceStart(this.#firstPieceAt) ?? 0 }),
      queuedMs: this.#queuedMs,
      attempts: this.#calls,
      ...(usage && { usage }),
      ...(finishReason && { finishReason }),
    }
  }

  #sinceStart(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.round(at - this.#startedAt)
  }
}
