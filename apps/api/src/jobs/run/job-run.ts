import { setTimeout as sleep } from 'node:timers/promises'
import type { JobMetrics, ProviderErrorCode } from '@promptlab/contract'
import {
  type CompletionPiece,
  type CompletionSummary,
  type LLMProvider,
  type Message,
  ProviderError,
} from '@promptlab/providers'
import pRetry from 'p-retry'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { Answer, type AnswerMark, NOTHING } from '../answer/answer.ts'
import { beginningOf, type Piece, partTypeOf, placesOf, unseenLengthOf } from '../answer/piece.ts'
import { finishJob, type JobOutcome, runOf, type StoredFinalJob, type StoredRunningJob } from '../job.ts'
import type { JobObserver } from '../ports/job-observer.ts'
import type { JobCheckpoint } from '../ports/job-repository.ts'
import type { RunTrace } from '../ports/job-tracer.ts'
import type { Prices } from '../ports/prices.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { AnswerTooLongError, callFailureOf, describeFailure, JobCancelledError, JobLostError } from './job-failure.ts'
import { loggableWords } from './loggable-words.ts'
import { RunCalls } from './run-calls.ts'
import { RunMeter } from './run-meter.ts'
import { type TimeLimits, TimeLimitWatch } from './time-limits.ts'

/** The limits of a run in time, and how calls are repeated. */
export interface RunPolicy extends TimeLimits {
  /**
   * The longest answer: its places, and the characters of what takes no place, see `Answer.unseenLength`. A longer one fails the
   * job, which keeps the answer up to here.
   */
  readonly maxAnswerLength: number
  /** The shortest pause before the second call, in milliseconds. The pause doubles with each call, with jitter. */
  readonly retryDelayMs: number
}

/** The progress of a run that has to be stored, and how much will be stored then. */
export interface RunCheckpoint {
  readonly progress: JobCheckpoint
  readonly mark: AnswerMark
}

interface JobRunDeps {
  /** Reads what the job asks. */
  readonly readInput: (job: StoredRunningJob) => Promise<string | readonly Message[]> | string
  readonly tokenLog: TokenLog
  readonly clock: Clock
  readonly logger: Logger
  readonly observer: JobObserver
  readonly trace: RunTrace | undefined
  readonly policy: RunPolicy
  /** Undefined if nothing is priced. */
  readonly prices?: Prices | undefined
}

/** Failures after which a call is repeated. After a time-out or an unreadable answer the call may have been paid for. */
const RETRIED: ReadonlySet<ProviderErrorCode> = new Set(['provider-rate-limited', 'provider-unavailable'])
const MAX_CALLS = 3
/** The most parts of an answer. Each costs memory in every reader, however short it is. */
const MAX_PARTS = 10_000
/** When a vendor asks for a longer wait, the job fails at once, so that its caller knows. */
const LONGEST_RETRY_AFTER_MS = 60_000
/** How long a provider may go on after its signal was aborted, before the run ends without it. */
const STOP_GRACE_MS = 1_000

/** One run of a job: the calls of its provider, up to the outcome. */
export class JobRun {
  readonly #job: StoredRunningJob
  readonly #provider: LLMProvider | undefined
  readonly #stop: AbortController
  readonly #deps: JobRunDeps
  readonly #meter: RunMeter
  readonly #calls: RunCalls
  readonly #run: number
  readonly #answer = new Answer()
  /** Resolves when the run may publish again. */
  #held: PromiseWithResolvers<void> | undefined
  #stored = NOTHING
  /** What the provider is sent. Undefined until it is read. */
  #input: string | readonly Message[] | undefined

  /** @param stop aborted with the reason for which the run must end */
  constructor(job: StoredRunningJob, provider: LLMProvider | undefined, stop: AbortController, deps: JobRunDeps) {
    this.#job = job
    this.#provider = provider
    this.#stop = stop
    this.#deps = deps
    this.#meter = new RunMeter(job, deps.clock)
    this.#calls = new RunCalls(job, deps.prices, deps.clock)
    this.#run = runOf(job)
  }

  /** The progress of the run since it was last stored, or `undefined` if all of it is stored. */
  checkpoint(): RunCheckpoint | undefined {
    const { mark } = this.#answer
    if (mark.pieceCount === this.#stored.pieceCount) return undefined
    const progress = {
      id: this.#job.id,
      run: this.#run,
      growth: this.#answer.growthSince(this.#stored),
      metrics: this.#metrics(),
      updatedAt: new Date(this.#deps.clock.now()).toISOString(),
    }
    return { progress, mark }
  }

  checkpointStored(mark: AnswerMark): void {
    this.#stored = mark
  }

  /** Publishes nothing more until `release`, because the store does not take what was published. Harmless when repeated. */
  hold(): void {
    this.#held ??= Promise.withResolvers()
  }

  release(): void {
    this.#held?.resolve()
    this.#held = undefined
  }

  /** Ends the run, because its job was ended by another process. */
  lose(): void {
    this.#stop.abort(new JobLostError())
  }

  /** Calls the provider and publishes its tokens. Never rejects: a failure is an outcome. */
  async complete(): Promise<StoredFinalJob> {
    const { clock, policy } = this.#deps
    const watch = new TimeLimitWatch(policy, (error) => this.#stop.abort(error))
    let outcome: JobOutcome = { status: 'completed' }
    let summary: CompletionSummary | undefined
    try {
      summary = await this.#unlessStuck(this.#callWithRetries(watch))
    } catch (error) {
      outcome = this.#outcomeOf(this.#stop.signal.aborted ? this.#stop.signal.reason : error)
    } finally {
      watch.stop()
    }
    // A provider that is stuck never ends its call.
    this.#calls.ended(outcome.status === 'failed' ? outcome.error.code : outcome.status, this.#answer.size)
    const progress = { ...this.#answer.stored, metrics: this.#metrics(summary) }
    return finishJob(this.#job, progress, outcome, clock.now())
  }

  #metrics(summary?: CompletionSummary): JobMetrics {
    return { ...this.#meter.metrics(this.#answer.isText, summary), ...this.#calls.metrics }
  }

  async #callWithRetries(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    const input = await this.#deps.readInput(this.#job)
    this.#input = input
    return await pRetry(() => this.#call(watch, input), {
      retries: MAX_CALLS - 1,
      minTimeout: this.#deps.policy.retryDelayMs,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => this.#mayRetry(error),
      onFailedAttempt: async ({ error, retryDelay }) => {
        if (!this.#mayRetry(error) || retryDelay === 0) return
        this.#log('calling the provider again', error)
        await sleep(Math.max(0, (error.retryAfterMs ?? 0) - retryDelay), undefined, { signal })
      },
    })
  }

  #mayRetry(error: Error): error is ProviderError {
    return (
      this.#answer.mark.pieceCount === 0 &&
      error instanceof ProviderError &&
      error.retryable &&
      RETRIED.has(error.code) &&
      (error.retryAfterMs ?? 0) <= LONGEST_RETRY_AFTER_MS
    )
  }

  async #call(watch: TimeLimitWatch, input: string | readonly Message[]): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    const { options, model, provider: name } = this.#job
    // The job may have waited over a restart whose configuration no longer has its provider.
    if (!this.#provider) throw new ProviderError(`There is no provider ${name} any more`, { code: 'provider-rejected' })
    this.#meter.countCall()
    this.#calls.started(input)
    watch.callStarted()
    const call = this.#deps.trace?.callStarted()
    const completion = this.#provider.complete(input, { ...options, model, signal })
    try {
      for (let next = await completion.next(); ; next = await completion.next()) {
        if (next.done) {
          const cost = this.#calls.ended('completed', this.#answer.size, next.value)
          call?.completed(next.value, this.#meter.firstTokenMs, cost)
          return next.value
        }
        // Nothing is published once the run has been told to end.
        signal.throwIfAborted()
        if (isAlive(next.value) || isNothing(next.value)) {
          watch.lifeCame()
          continue
        }
        watch.contentCame()
        if (this.#held) await this.#untilReleased(watch)
        this.#publish(next.value)
      }
    } catch (error) {
      const failure = callFailureOf(signal.aborted ? signal.reason : error)
      const cost = this.#calls.ended(failure, this.#answer.size)
      call?.failed(failure, this.#meter.firstTokenMs, cost)
      // Not awaited: a provider that is stuck never settles it.
      completion.return(undefined).catch(() => {})
      throw error
    } finally {
      watch.callEnded()
    }
  }

  /** The provider is not to blame for this time, so its limits do not count it. */
  async #untilReleased(watch: TimeLimitWatch): Promise<void> {
    const { signal } = this.#stop
    const aborted = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => aborted.resolve(), { once: true })
    watch.pause()
    while (this.#held && !signal.aborted) await Promise.race([this.#held.promise, aborted.promise])
    signal.throwIfAborted()
    watch.resume()
  }

  /** @throws AnswerTooLongError after the part of the piece that fits was published */
  #publish(piece: Piece): void {
    const { maxAnswerLength } = this.#deps.policy
    const answer = this.#answer
    if (answer.partCount >= MAX_PARTS && answer.begins(piece)) throw new AnswerTooLongError(`${MAX_PARTS} parts`)
    const room = maxAnswerLength - answer.length - answer.unseenLength
    if (placesOf(piece) + unseenLengthOf(piece) > room) {
      const fitting = beginningOf(piece, room)
      if (fitting !== undefined) this.#append(fitting)
      throw new AnswerTooLongError(`${maxAnswerLength} characters`)
    }
    this.#append(piece)
  }

  #append(piece: Piece): void {
    const answer = this.#answer
    const place = answer.length
    const isText = typeof piece === 'string' || partTypeOf(piece) === 'text'
    const part = answer.append(piece, this.#meter.countPiece(isText))
    this.#deps.tokenLog.append(this.#job.id, piece, place, part, this.#run)
  }

  /** The result of the work, or the reason to stop if the work goes on after it was told to stop. */
  async #unlessStuck<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this.#stop
    const stuck = Promise.withResolvers<never>()
    const onAbort = () => setTimeout(() => stuck.reject(signal.reason), STOP_GRACE_MS).unref()
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      return await Promise.race([work, stuck.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #outcomeOf(error: unknown): JobOutcome {
    if (error instanceof JobCancelledError) return { status: 'cancelled' }
    this.#log('job failed', error)
    return { status: 'failed', error: describeFailure(error, this.#job, this.#input) }
  }

  #log(message: string, error: unknown): void {
    const { logger, observer, trace } = this.#deps
    const { id: jobId, provider, model } = this.#job
    const traceId = trace?.traceId
    if (!(error instanceof ProviderError)) {
      logger.warn({ err: error, jobId, provider, model, traceId }, message)
      return
    }
    const { code, status, retryAfterMs, address } = error
    observer.providerFailed(provider, code)
    const vendorWords = loggableWords(error, this.#job, this.#input, this.#answer.stored.result)
    logger.warn({ jobId, provider, model, code, status, retryAfterMs, address, vendorWords, traceId }, message)
    // The whole error may quote the prompt.
    logger.debug({ jobId, err: error }, 'error of the provider')
  }
}

function isAlive(piece: CompletionPiece): piece is Exclude<CompletionPiece, Piece> {
  return typeof piece !== 'string' && piece.type === 'alive'
}

/** Whether a piece has neither a place nor something that its vendor wants back. */
function isNothing(piece: Piece): boolean {
  return placesOf(piece) === 0 && unseenLengthOf(piece) === 0
}
