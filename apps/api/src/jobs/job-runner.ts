import type { FinalJob, Job, JobStatus, PendingJob, RunningJob } from '@promptlab/contract'
import { type CompletionSummary, ProviderError, type ProviderRegistry } from '@promptlab/providers'
import pRetry from 'p-retry'
import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import { finishJob, type JobOutcome, startJob } from './job.ts'
import { describeFailure, JobInterruptedError } from './job-failure.ts'
import { type JobRepository, StorageUnavailableError } from './job-repository.ts'
import { RunMeter } from './run-meter.ts'
import type { TokenLog } from './token-log.ts'

interface JobRunnerDeps {
  readonly jobs: JobRepository
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Takes a stored job from pending to its final state. Each change of state is stored before anything that follows
 * from it is published: no token before `running`, no end of the log before the final record.
 */
export class JobRunner {
  readonly #deps: JobRunnerDeps
  readonly #interrupt = new AbortController()

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
  }

  /** Runs the job if it is pending. Never rejects: whatever goes wrong ends this job alone. */
  async run(jobId: string): Promise<void> {
    const { jobs, tokenLog, logger } = this.#deps
    try {
      const job = await jobs.find(jobId)
      if (job?.status === 'pending') await this.#runPending(job)
    } catch (error) {
      logger.error({ err: error, jobId }, 'The job could not be brought to its end; the next start will')
    } finally {
      await tokenLog.close(jobId)
    }
  }

  /** Ends every run now: its job fails as interrupted, with the text it has. */
  interruptAll(): void {
    this.#interrupt.abort(new JobInterruptedError())
  }

  async #runPending(job: PendingJob): Promise<void> {
    const { clock, logger } = this.#deps
    const running = startJob(job, clock.now())
    if (!(await this.#store(running, 'pending'))) return
    const final = await this.#complete(running)
    await this.#store(final, 'running')
    const { id, provider, model, status, metrics } = final
    logger.info({ jobId: id, provider, model, status, metrics }, 'job ended')
  }

  async #complete(job: RunningJob): Promise<FinalJob> {
    const { clock, logger, tokenLog } = this.#deps
    const meter = new RunMeter(job, clock)
    let text = ''
    let summary: CompletionSummary | undefined
    let outcome: JobOutcome = { status: 'completed' }
    try {
      const completion = this.#startCompletion(job)
      for (;;) {
        const { done, value } = await completion.next()
        if (done) {
          summary = value
          break
        }
        text += value
        meter.countToken()
        tokenLog.append(job.id, value)
      }
    } catch (error) {
      outcome = { status: 'failed', error: describeFailure(error, job.provider) }
      logger.warn({ err: error, jobId: job.id, provider: job.provider, model: job.model }, 'job failed')
    }
    return finishJob(job, { result: text, metrics: meter.metrics(summary) }, outcome, clock.now())
  }

  #startCompletion(job: RunningJob) {
    const entry = this.#deps.providers.find(job.provider)
    // A job that waited over a restart may be for a provider that the new configuration does not have.
    if (!entry) throw new ProviderError(`There is no provider ${job.provider} any more`, { code: 'provider-rejected' })
    return entry.provider.complete(job.prompt, { ...job.options, model: job.model, signal: this.#interrupt.signal })
  }

  /** Stores a change of state, however long the disk takes to be well again; gives up only when the server stops. */
  async #store(next: Job, ifStatus: JobStatus): Promise<boolean> {
    const { jobs, logger } = this.#deps
    const { signal } = this.#interrupt
    const store = () => jobs.replace(next, ifStatus)
    try {
      return await pRetry(store, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 100,
        maxTimeout: 5_000,
        signal,
        shouldRetry: ({ error }) => error instanceof StorageUnavailableError,
        onFailedAttempt: ({ error, attemptNumber }) =>
          logger.error({ err: error, jobId: next.id, status: next.status, attemptNumber }, 'job not stored yet'),
      })
    } catch (error) {
      if (!signal.aborted) throw error
      return await store()
    }
  }
}
