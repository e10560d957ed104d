import type { JobMetrics, RunningJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'

/** Measures the times and counts of one run. */
export class RunMeter {
  readonly #clock: Clock
  readonly #queuedMs: number
  #callsBefore: number
  /** The calls before those of this run to whom it asks now. */
  #callsOfOthers: number
  readonly #startedAt: number
  #callStartedAt: number
  #firstPieceAt: number | undefined
  #firstTokenAt: number | undefined
  #tokenCount = 0
  #calls: number

  /** @param job may have metrics of an earlier run, which this one goes on with */
  constructor(job: RunningJob, clock: Clock) {
    const { queuedMs, attempts, tokenCount, ttftMs, firstPieceMs = ttftMs } = job.metrics
    this.#clock = clock
    this.#queuedMs = queuedMs
    this.#callsBefore = attempts
    this.#callsOfOthers = attempts
    this.#calls = attempts
    this.#startedAt = clock.elapsed()
    this.#callStartedAt = this.#startedAt
    if (attempts === 0) return
    // The time without a process counts: the vendor went on.
    this.#startedAt -= Math.max(job.metrics.durationMs, clock.now() - Date.parse(job.createdAt) - queuedMs)
    this.#tokenCount = tokenCount
    if (ttftMs !== null) this.#firstTokenAt = this.#startedAt + ttftMs
    if (firstPieceMs !== null) this.#firstPieceAt = this.#startedAt + firstPieceMs
  }

  countCall(): void {
    this.#calls++
    this.#callStartedAt = this.#clock.elapsed()
  }

  /** The calls from here on ask another provider or model. */
  turnToNext(): void {
    this.#callsOfOthers = this.#calls
    this.#callsBefore = 0
  }

  /** The calls of this run to whom it asks now, and those of the runs before. */
  get calls(): { readonly calls: number; readonly callsBefore: number } {
    return { calls: this.#calls - this.#callsOfOthers, callsBefore: this.#callsBefore }
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
