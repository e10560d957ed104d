import { AsyncLocalStorage } from 'node:async_hooks'
import type { FinalEvent } from '@promptlab/contract'
import type { Message, ProviderRegistry } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { RefusedLimits } from '../budget/refused-limits.ts'
import { finalEvent } from '../final-event.ts'
import { hasConversation, readConversation } from '../input/conversation.ts'
import {
  runOf,
  type StoredFinalJob,
  type StoredJob,
  type StoredPendingJob,
  type StoredRunningJob,
  startJob,
} from '../job.ts'
import type { JobObserver } from '../ports/job-observer.ts'
import type { HandedJob, JobQueue, PutBack } from '../ports/job-queue.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { JobTracer } from '../ports/job-tracer.ts'
import type { Prices } from '../ports/prices.ts'
import { StorageUnavailableError, UpgradeUnderWayError } from '../ports/storage-errors.ts'
import type { JobCheckpoint, JobState } from '../ports/stored-values.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { hasLaterWords, inFirstWords, WORDS_VERSION } from '../record-version.ts'
import { untilAvailable } from '../until-available.ts'
import { Checkpointer } from './checkpointer.ts'
import { JobCancelledError, JobInterruptedError } from './job-failure.ts'
import { JobRun } from './job-run.ts'
import type { RunPolicy } from './run-policy.ts'

interface JobRunnerDeps {
  readonly jobs: JobRepository
  /** Undefined: nobody learns of refused calls and of limits. */
  readonly queue?: Pick<JobQueue, 'callRefused' | 'limitsTold'> | undefined
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  readonly clock: Clock
  readonly logger: Logger
  readonly observer: JobObserver
  /** Undefined when tracing is off. */
  readonly tracer?: JobTracer | undefined
  readonly policy: RunPolicy
  /** Undefined if nothing is priced. */
  readonly prices?: Prices | undefined
}

/** A job that this process works on, from the lookup of its record to the close of its log. */
interface ActiveJob {
  readonly stop: AbortController
  readonly ended: PromiseWithResolvers<void>
  /** Rejects when a change of the job's state could not be stored at once. */
  readonly stored: PromiseWithResolvers<never>
  /** The number of the run, once it has ended and the record is final. */
  endedRun?: number
  /** The final event, once the final record is stored. */
  final?: FinalEvent
}

/**
 * Takes stored jobs from pending to their final state. Each change of state is stored before anything that follows from it
 * is published: no token before `running`, no end of the log before the final record.
 */
export class JobRunner {
  readonly #deps: JobRunnerDeps
  readonly #checkpointer: Checkpointer
  readonly #active = new Map<string, ActiveJob>()
  readonly #interrupted = new AbortController()
  readonly #refusedLimits = new RefusedLimits()
  /** The job whose run an uncaught error was thrown in. */
  readonly #context = new AsyncLocalStorage<ActiveJob>()

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
    this.#checkpointer = new Checkpointer(deps.jobs, deps.logger)
  }

  /**
   * Runs a job to its end. A job that comes without a running record is started only if its record says that it waits: the
   * queue may hand a job out twice. This never rejects: a failure ends this job alone.
   * @returns when the job has to be handed out again; undefined if it needs not
   */
  async run({ id: jobId, running, traceparent }: HandedJob): Promise<PutBack | undefined> {
    const earlier = this.#active.get(jobId)
    if (earlier && !running) return undefined
    // A job that was taken over may have a run here that was lost, and is just ending.
    await earlier?.ended.promise
    return await this.#track(jobId, async (active) => {
      const job = running ?? (await this.#startPending(jobId, active))
      return job?.status === 'running' ? await this.#complete(job, active, traceparent) : job && turnOf(job)
    })
  }

  /**
   * Stores a waiting job as running.
   * @returns the job as it waits on, if its vendor told it to; undefined if it does not wait, or another process was first
   */
  async #startPending(jobId: string, active: ActiveJob): Promise<StoredRunningJob | StoredPendingJob | undefined> {
    const { jobs, clock } = this.#deps
    const job = await this.#untilAvailable(() => jobs.find(jobId), active, { jobId })
    if (job?.status !== 'pending') return undefined
    // The queue may have lost that the job waits, or the clocks of two machines differ.
    if (job.waitingFor && Date.parse(job.waitingFor.until) > clock.now()) return job
    const started = startJob(job, clock.now())
    return (await this.#store(started, job, active)) ? started : undefined
  }

  /** Keeps the job among the active ones while the work on it lasts. */
  async #track<Result>(jobId: string, work: (active: ActiveJob) => Promise<Result>): Promise<Result | undefined> {
    const { tokenLog, logger } = this.#deps
    const active: ActiveJob = {
      stop: new AbortController(),
      ended: Promise.withResolvers(),
      stored: Promise.withResolvers(),
    }
    // Perhaps nobody awaits the promise.
    active.stored.promise.catch(() => {})
    this.#active.set(jobId, active)
    if (this.#interrupted.signal.aborted) active.stop.abort(new JobInterruptedError())
    try {
      return await this.#context.run(active, () => work(active))
    } catch (error) {
      logger.error({ err: error, jobId }, 'could not finish the job; it will be recovered at the next start')
      return undefined
    } finally {
      this.#active.delete(jobId)
      // Only after the final record is stored, and only for a job that this process runs.
      if (active.endedRun !== undefined) await tokenLog.close(jobId, active.endedRun, active.final)
      active.ended.resolve()
    }
  }

  /**
   * Ends the run of a job and waits for its final record.
   * @returns false, and at once, if the job does not run here
   * @throws StorageUnavailableError the run was told to end, but its final record cannot be stored yet
   */
  async cancel(jobId: string): Promise<boolean> {
    const active = this.#active.get(jobId)
    if (!active) return false
    active.stop.abort(new JobCancelledError())
    await Promise.race([active.ended.promise, active.stored.promise])
    return true
  }

  /** Ends every run now. Its job fails as interrupted and keeps its text. */
  interruptAll(): void {
    this.#interrupted.abort()
    for (const { stop } of this.#active.values()) stop.abort(new JobInterruptedError())
  }

  /**
   * Fails the job in whose run an uncaught error was thrown. Call it in the handler of the error: only there the run is known.
   * @returns whether the error was thrown in a run
   */
  failCurrent(error: unknown): boolean {
    const active = this.#context.getStore()
    active?.stop.abort(error instanceof Error ? error : new Error(String(error)))
    return active !== undefined
  }

  async #complete(
    job: StoredRunningJob,
    active: ActiveJob,
    traceparent: string | undefined,
  ): Promise<PutBack | undefined> {
    const { logger, observer, providers, queue, tracer } = this.#deps
    observer.runStarted(job)
    const trace = tracer?.runStarted(job, traceparent)
    const run: JobRun = new JobRun(job, active.stop, {
      ...this.#deps,
      refusedLimits: this.#refusedLimits,
      trace,
      providerOf: (name) => providers.find(name)?.provider,
      readInput: (asked, provider) => this.#readInput(asked, provider, active),
      store: async (progress) => {
        if (!(await this.#storeProgress(progress, active))) run.lose()
        active.stop.signal.throwIfAborted()
      },
      onRefused: (call) => queue?.callRefused(call),
      limitsOf: (choice) => (limits) => queue?.limitsTold({ ...choice, ...limits }),
    })
    this.#checkpointer.add(run)
    const made = await run.complete()
    this.#checkpointer.delete(run)
    if (!made) {
      await this.#leave(job, run.checkpoint()?.progress, active)
      return undefined
    }
    if (made.status === 'pending') {
      const isWaiting = await this.#store(made, job, active).finally(() => {
        observer.runPutBack(made)
        trace?.ended(made)
      })
      return isWaiting ? turnOf(made) : undefined
    }
    const final = await this.#inWordsOfAll(made, active)
    const isStored = await this.#store(final, job, active).finally(() => {
      observer.runEnded(final)
      trace?.ended(final)
    })
    active.endedRun = runOf(job)
    if (isStored) active.final = finalEvent(final)
    const { id, provider, model, status, metrics } = final
    const fields = { jobId: id, caller: job.owner, provider, model, traceId: trace?.traceId }
    if (isStored) logger.info({ ...fields, status, metrics }, 'job ended')
    else logger.warn(fields, 'job was ended by another process; the text of this run was dropped')
    return undefined
  }

  /** Leaves a job running, for the process that joins the vendor's run next. */
  async #leave({ id: jobId }: StoredRunningJob, progress: JobCheckpoint | undefined, active: ActiveJob): Promise<void> {
    if (progress) await this.#storeProgress(progress, active)
    this.#deps.logger.info({ jobId }, 'left the job running; the next process joins its run at the vendor')
  }

  async #storeProgress(progress: JobCheckpoint, active: ActiveJob): Promise<boolean> {
    const { id: jobId } = progress
    const stored = await this.#untilAvailable(() => this.#deps.jobs.checkpoint([progress]), active, { jobId })
    return stored.has(jobId)
  }

  /** While a process of an earlier version lives, it and its lists would fail at a word that came later. */
  async #inWordsOfAll(final: StoredFinalJob, active: ActiveJob): Promise<StoredFinalJob> {
    if (!hasLaterWords(final)) return final
    try {
      await this.#untilAvailable(() => this.#deps.jobs.checkReadable(WORDS_VERSION), active, { jobId: final.id })
      return final
    } catch (error) {
      if (error instanceof UpgradeUnderWayError || error instanceof StorageUnavailableError) return inFirstWords(final)
      throw error
    }
  }

  /** A job without a conversation has its input at hand. */
  #readInput(job: StoredRunningJob, provider: string, active: ActiveJob): Promise<readonly Message[]> | string {
    if (!hasConversation(job)) return job.prompt
    const { jobs } = this.#deps
    return this.#untilAvailable(() => readConversation(job, jobs, provider), active, { jobId: job.id })
  }

  /** A change that is stored late has the time at which it is stored, where readers of changes look for it. */
  #store(next: StoredJob, from: JobState, active: ActiveJob): Promise<boolean> {
    const { id: jobId, status } = next
    const { jobs, clock } = this.#deps
    const asked: StoredJob[] = []
    const store = async () => {
      asked.push(asked.length === 0 ? next : { ...next, updatedAt: new Date(clock.now()).toISOString() })
      // An attempt that failed may have been stored after all. The store knows it by its record.
      for (const record of asked.toReversed()) if (await jobs.replace(record, from)) return true
      return false
    }
    return this.#untilAvailable(store, active, { jobId, status })
  }

  #untilAvailable<Answer>(ask: () => Promise<Answer>, active: ActiveJob, fields: object): Promise<Answer> {
    return untilAvailable(ask, {
      signal: this.#interrupted.signal,
      onFailure: (error, attempt) => {
        active.stored.reject(error)
        this.#deps.logger.error({ err: error, ...fields, attempt }, 'could not use the job store; trying again')
      },
    })
  }
}

/** When a job that waits for its vendor may be handed out again. */
function turnOf({ waitingFor }: StoredPendingJob): PutBack | undefined {
  return waitingFor && { notBefore: Date.parse(waitingFor.until) }
}
