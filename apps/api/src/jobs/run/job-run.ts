import { setTimeout as sleep } from 'node:timers/promises'
import type { JobMetrics } from '@promptlab/contract'
import {
  type Completion,
  type CompletionSummary,
  type JsonValue,
  type Message,
  ProviderError,
} from '@promptlab/providers'
import { LinkedAbort } from '../../base/linked-abort.ts'
import type { AnswerMark } from '../answer/answer.ts'
import type { CallBudget } from '../budget/call-budget.ts'
import { RunBudget } from '../budget/run-budget.ts'
import {
  finishJob,
  type JobOutcome,
  putBack,
  runOf,
  type StoredFinalJob,
  type StoredPendingJob,
  type StoredRunningJob,
} from '../job.ts'
import { type AfterFailure, afterFailure, refusalOf } from './after-failure.ts'
import { callOptions } from './call-options.ts'
import { Choices, mayPassOn, ProviderGoneError } from './choices.ts'
import {
  callFailureOf,
  describeFailure,
  JobCancelledError,
  JobInterruptedError,
  JobLostError,
  JobPutBackError,
} from './job-failure.ts'
import { KeptVendorRun } from './kept-vendor-run.ts'
import { logFailure } from './log-failure.ts'
import { patienceOf } from './patience.ts'
import { publishCompletion } from './publish-completion.ts'
import { PublishGate } from './publish-gate.ts'
import { PublishedAnswer } from './published-answer.ts'
import { RunCalls } from './run-calls.ts'
import type { RunCheckpoint } from './run-checkpoint.ts'
import type { JobRunDeps } from './run-deps.ts'
import { RunMeter } from './run-meter.ts'
import { RunProgress } from './run-progress.ts'
import { TimeLimitWatch } from './time-limits.ts'
import { unlessStuck } from './unless-stuck.ts'
import { mayGoOn, type VendorRun } from './vendor-run.ts'

/** One run of a job: the calls of its provider and its fallbacks, up to the outcome. */
export class JobRun {
  readonly #job: StoredRunningJob
  readonly #choices: Choices
  readonly #stop: AbortController
  readonly #deps: JobRunDeps
  readonly #meter: RunMeter
  readonly #calls: RunCalls
  readonly #answer: PublishedAnswer
  readonly #progress: RunProgress
  readonly #gate = new PublishGate()
  readonly #kept: KeptVendorRun
  /** Undefined if the job may cost any amount. */
  readonly #budget: RunBudget | undefined
  /** What the provider is sent. Undefined until it is read. */
  #input: string | readonly Message[] | undefined

  /** @param stop aborted with the reason for which the run must end */
  constructor(job: StoredRunningJob, stop: AbortController, deps: JobRunDeps) {
    this.#job = job
    this.#choices = new Choices(job)
    this.#stop = stop
    this.#deps = deps
    this.#meter = new RunMeter(job, deps.clock)
    this.#calls = new RunCalls(job, this.#choices, deps.prices, deps.clock)
    this.#answer = new PublishedAnswer({ id: job.id, number: runOf(job) }, job.runState?.vendorRun && job, {
      tokenLog: deps.tokenLog,
      meter: this.#meter,
      maxLength: deps.policy.maxAnswerLength,
    })
    this.#progress = new RunProgress(job, this.#answer, () => this.#metrics(), deps.clock)
    this.#budget = RunBudget.of(job, deps, () => this.#calls.spent)
    this.#kept = new KeptVendorRun(job, deps, {
      choices: this.#choices,
      progress: this.#progress,
      answer: this.#answer,
      signal: stop.signal,
      log: (message, error) => this.#log(message, error),
    })
  }

  /** The progress of the run since it was last stored, or `undefined` if all of it is stored. */
  checkpoint(): RunCheckpoint | undefined {
    return this.#progress.unstored
  }

  checkpointStored(mark: AnswerMark): void {
    this.#progress.storedUpTo(mark)
  }

  /** Publishes nothing more until `release`, because the store does not take what was published. Harmless when repeated. */
  hold(): void {
    this.#gate.hold()
  }

  release(): void {
    this.#gate.release()
  }

  /** Ends the run, because its job was ended by another process. */
  lose(): void {
    this.#stop.abort(new JobLostError())
  }

  /**
   * Calls the providers, or joins the vendor's run that an earlier process began, and publishes the tokens. Never rejects: a failure
   * is an outcome.
   * @returns the job as it is to be stored: it has ended, or waits again. Undefined if it goes on running: the server stops, and the
   * next process can join the vendor's run
   */
  async complete(): Promise<StoredFinalJob | StoredPendingJob | undefined> {
    const { clock, policy } = this.#deps
    const watch = new TimeLimitWatch(policy, (error) => this.#stop.abort(error))
    let outcome: JobOutcome = { status: 'completed' }
    let summary: CompletionSummary | undefined
    try {
      summary = await this.#askInTurn(watch)
      const cut = this.#budget?.callCompleted(summary)
      if (cut) outcome = this.#outcomeOf(cut)
    } catch (error) {
      const reason = this.#stop.signal.aborted ? this.#stop.signal.reason : error
      if (this.#isLeft(reason)) return undefined
      if (reason instanceof JobPutBackError) return this.#putBack(reason)
      outcome = this.#outcomeOf(reason)
      this.#kept.current?.endAfter(reason)
    } finally {
      watch.stop()
    }
    const progress = { ...this.#answer.stored, metrics: this.#metrics(summary) }
    return finishJob(this.#job, progress, outcome, clock.now())
  }

  /** Whether the run ends only here: another process joins the vendor's run, and goes on with its call. */
  #isLeft(reason: unknown): boolean {
    return this.#kept.current !== undefined && reason instanceof JobInterruptedError
  }

  #metrics(summary?: CompletionSummary): JobMetrics {
    return { ...this.#meter.metrics(this.#answer.isText, summary), ...this.#calls.metrics }
  }

  /** Asks the job's own provider, and each fallback when the one before failed and nothing was published. */
  async #askInTurn(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    for (;;) {
      try {
        return await this.#callWithRetries(watch)
      } catch (error) {
        const isOver = this.#stop.signal.aborted || this.#answer.mark.pieceCount > 0 || !mayPassOn(error)
        if (isOver || !this.#choices.hasNext) throw error
        this.#log('asking the next fallback', error)
        this.#kept.current?.endAfter(error)
      }
      await this.#passOn()
    }
  }

  async #passOn(): Promise<void> {
    this.#input = undefined
    this.#choices.next()
    this.#meter.turnToNext()
    // Before the fallback publishes anything, so that all readers know whose answer it is.
    await this.#kept.forget()
  }

  async #readInput() {
    return await this.#deps.readInput(this.#job, this.#choices.current.provider)
  }

  /** The run that an earlier process began comes before all calls. */
  async #callWithRetries(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    let begun = this.#kept.current
    for (let pauseMs = this.#deps.policy.retryDelayMs; ; pauseMs *= 2, begun = undefined) {
      const startedAt = this.#deps.clock.now()
      try {
        return await (begun ? this.#goOn(begun, watch) : this.#call(watch))
      } catch (error) {
        signal.throwIfAborted()
        const next = this.#after(error, startedAt)
        if (next.action === 'fail') throw error
        this.#log(next.action === 'put-back' ? 'the job waits for its vendor' : 'calling the provider again', error)
        if (next.action === 'put-back') throw new JobPutBackError(next.waitingFor)
        await sleep(Math.max(next.waitMs, pauseMs * (1 + Math.random())), undefined, { signal })
      }
    }
  }

  #after(error: unknown, startedAt: number): AfterFailure {
    const { clock, policy, onRefused } = this.#deps
    const isRefused = error instanceof ProviderError && refusalOf(error) !== undefined
    if (isRefused) onRefused({ ...this.#choices.current, startedAt, retryAfterMs: error.retryAfterMs })
    // A run that may go on at the vendor would be paid twice.
    if (this.#kept.current) return { action: 'fail' }
    const hasPublished = this.#answer.mark.pieceCount > 0
    if (!hasPublished && this.#budget?.refusesLimit(error, this.#choices.current))
      return { action: 'call-again', waitMs: 0 }
    const standing = { ...this.#meter.calls, ...patienceOf(this.#job, policy), random: Math.random() }
    return afterFailure({ error, now: clock.now(), hasPublished, ...standing })
  }

  #putBack({ waitingFor }: JobPutBackError): StoredPendingJob {
    const { attempts, calls, cost } = this.#metrics()
    const runState = { ...this.#choices.runState, attempts, ...(calls && { calls }), ...(cost && { cost }) }
    return putBack(this.#job, waitingFor, runState, this.#deps.clock.now())
  }

  async #call(watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    this.#input ??= await unlessStuck(this.#readInput(), this.#stop.signal)
    const input = this.#input
    const choice = this.#choices.current
    const provider = this.#deps.providerOf(choice.provider)
    if (!provider) throw new ProviderGoneError(choice.provider)
    const budget = this.#budget?.callBegins(choice, input, provider)
    if (this.#kept.hasHandle) await this.#kept.forget()
    this.#meter.countCall()
    this.#calls.started(input)
    return await this.#observed(async () => {
      // A call can end alone: a vendor that is silent is asked again.
      const end = new LinkedAbort(this.#stop.signal)
      const { signal } = end
      const options = { ...callOptions(this.#job, choice, signal, budget), onLimits: this.#deps.limitsOf(choice) }
      watch.callStarted((error) => end.abort(error))
      try {
        return await this.#read(provider.complete(input, options), signal, watch, budget)
      } catch (error) {
        watch.callEnded()
        const { current: vendorRun } = this.#kept
        if (!vendorRun || this.#stop.signal.aborted || !mayGoOn(error)) throw error
        return await this.#read(vendorRun.join(error, watch), this.#stop.signal, watch, budget)
      } finally {
        watch.callEnded()
        end.unlink()
      }
    })
  }

  /** Goes on with the call of an earlier run. */
  async #goOn(vendorRun: VendorRun, watch: TimeLimitWatch): Promise<CompletionSummary | undefined> {
    const { signal } = this.#stop
    // Only estimates of cost need the input, and a job or an item of the conversation may be gone.
    const reading = this.#readInput().catch(() => undefined)
    this.#input = await unlessStuck(reading, signal)
    this.#calls.goOn(this.#job.metrics.calls, this.#input)
    return await this.#observed(async () => {
      const budget = this.#budget?.callGoesOn(this.#choices.current, this.#input)
      return await this.#read(vendorRun.join(undefined, watch), signal, watch, budget)
    })
  }

  /** Tells how a call ended. */
  async #observed(read: () => Promise<CompletionSummary | undefined>): Promise<CompletionSummary | undefined> {
    const call = this.#deps.trace?.callStarted(this.#choices.current)
    try {
      const summary = await read()
      const cost = this.#calls.ended('completed', this.#answer.size, summary)
      call?.completed(summary, this.#meter.firstTokenMs, cost)
      return summary
    } catch (error) {
      this.#kept.callFailed(error)
      const reason = this.#stop.signal.aborted ? this.#stop.signal.reason : error
      const failure = callFailureOf(reason)
      const cost = this.#isLeft(reason) ? undefined : this.#calls.ended(failure, this.#answer.size)
      call?.failed(failure, this.#meter.firstTokenMs, cost)
      throw error
    }
  }

  #read(completion: Completion, signal: AbortSignal, watch: TimeLimitWatch, budget: CallBudget | undefined) {
    const [gate, answer, kept] = [this.#gate, this.#answer, this.#kept]
    const keep = (handle: JsonValue) => kept.keep(handle, watch)
    return publishCompletion(completion, { signal, watch, gate, answer, keep, budget })
  }

  #outcomeOf(error: unknown): JobOutcome {
    if (error instanceof JobCancelledError) return { status: 'cancelled' }
    this.#log('job failed', error)
    return { status: 'failed', error: describeFailure(error, { ...this.#job, ...this.#choices.current }, this.#input) }
  }

  #log(message: string, error: unknown): void {
    const { current: choice } = this.#choices
    const run = { job: this.#job, choice, input: this.#input, traceId: this.#deps.trace?.traceId }
    logFailure(message, error, { ...run, result: this.#answer.stored.result }, this.#deps)
  }
}
