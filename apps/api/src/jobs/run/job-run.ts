import { setTimeout as sleep } from 'node:timers/promises'
import type { ProviderErrorCode } from '@promptlab/contract'
import { type CompletionSummary, type LLMProvider, ProviderError } from '@promptlab/providers'
import pRetry from 'p-retry'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import {
  finishJob,
  type JobOutcome,
  type JobProgress,
  runOf,
  type StoredFinalJob,
  type StoredRunningJob,
} from '../job.ts'
import type { JobObserver } from '../ports/job-observer.ts'
import type { JobCheckpoint } from '../ports/job-repository.ts'
import type { RunTrace } from '../ports/job-tracer.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { AnswerTooLongError, callFailureOf, describeFailure, JobCancelledError, JobLostError } from './job-failure.ts'
import { RunMeter } from './run-meter.ts'
import { type TimeLimits, TimeLimitWatch } from './time-limits.ts'

/** The limits of a run in time, and how calls are repeated. */
export interface RunPolicy extends TimeLimits {
  /** The longest answer, in UTF-16 code units. A longer one fails the job, which keeps the text up to here. */
  readonly maxAnswerLength: number
  /** The shortest pause before the second call, in milliseconds. The pause doubles with each call, with jitter. */
  readonly retryDelayMs: number
}

interface JobRunDeps {
  readonly tokenLog: TokenLog
  readonly clock: Clock
  readonly logger: Logger
  readonly observer: JobObserver
  readonly trace: RunTrace | undefined
  readonly policy: RunPolicy
}

/** Failures after which a call is repeated. After a time-out or an unreadable answer the call may have been paid for. */
const RETRIED: ReadonlySet<ProviderErrorCode> = new Set(['provider-rate-limited', 'provider-unavailable'])
const MAX_CALLS = 3
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
  readonly #run: number
  #text = ''
  /** Resolves when the run may publish again. */
  #held: PromiseWithResolvers<void> | undefined
  #storedLength = 0

  /** @param stop aborted with the reason for which the run must end */
  constructor(job: StoredRunningJob, provider: LLMProvider | undefined, stop: AbortController, deps: JobRunDeps) {
    this.#job = job
    this.#provider = provider
    this.#stop = stop
    this.#deps = deps
    this.#meter = new RunMeter(job, deps.clock)
    this.#run = runOf(job)
  }

  /** The progress of the run, or `undefined` if all of it is stored. */
  checkpoint(): JobCheckpoint | undefined {
    const storedLength = this.#storedLength
    if (this.#text.length === storedLength) return undefined
    const updatedAt = new Date(this.#deps.clock.now()).toISOString()
    return { job: { ...this.#job, ...this.#progress(), updatedAt }, storedLength }
  }

  checkpointStored({ job }: JobCheckpoint): void {
    this.#storedLength = job.result.length
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
    return finishJob(this.#job, this.#progress(summary), outcome, clock.now())
  }

  #progress(summary?: CompletionSummary): JobProgress {
    return { result: this.#text, metrics: this.#meter.metrics(summary) }
  }

  #callWithRetries(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    return pRetry(() => this.#call(watch), {
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
      this.#text === '' &&
      error instanceof ProviderError &&
      error.retryable &&
      RETRIED.has(error.code) &&
      (error.retryAfterMs ?? 0) <= LONGEST_RETRY_AFTER_MS
    )
  }

  async #call(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    const { prompt, options, model, provider: name } = this.#job
    // The job may have waited over a restart whose configuration no longer has its provider.
    if (!this.#provider) throw new ProviderError(`There is no provider ${name} any more`, { code: 'provider-rejected' })
    this.#meter.countCall()
    watch.callStarted()
    const call = this.#deps.trace?.callStarted()
    const completion = this.#provider.complete(prompt, { ...options, model, signal })
    try {
      for (let next = await completion.next(); ; next = await completion.next()) {
        if (next.done) {
          call?.completed(next.value, this.#meter.firstTokenMs)
          return next.value
        }
        // Nothing is published once the run has been told to end.
        signal.throwIfAborted()
        watch.tokenCame()
        if (this.#held) await this.#untilReleased(watch)
        this.#publish(next.value)
      }
    } catch (error) {
      call?.failed(callFailureOf(signal.aborted ? signal.reason : error), this.#meter.firstTokenMs)
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

  /** @throws AnswerTooLongError after the part of the token that fits was published */
  #publish(token: string): void {
    const { maxAnswerLength } = this.#deps.policy
    const room = maxAnswerLength - this.#text.length
    if (token.length > room) {
      // Half a character is no text.
      const fitting = token.slice(0, room).replace(/[\ud800-\udbff]$/, '')
      if (fitting !== '') this.#append(fitting)
      throw new AnswerTooLongError(maxAnswerLength)
    }
    this.#append(token)
  }

  #append(token: string): void {
    const place = this.#text.length
    this.#text += token
    this.#meter.countToken()
    this.#deps.tokenLog.append(this.#job.id, token, place, this.#run)
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
    return { status: 'failed', error: describeFailure(error, this.#job.provider) }
  }

  #log(message: string, error: unknown): void {
    const { logger, observer, trace } = this.#deps
    const { id: jobId, provider, model } = this.#job
    const traceId = trace?.traceId
    if (!(error instanceof ProviderError)) {
      logger.warn({ err: error, jobId, provider, model, traceId }, message)
      return
    }
    const { code, status, retryAfterMs } = error
    observer.providerFailed(provider, code)
    logger.warn({ jobId, provider, model, code, status, retryAfterMs, traceId }, message)
    // The vendor's words may quote the prompt, so they are logged at debug only.
    logger.debug({ jobId, err: error }, 'error of the provider')
  }
}
