import {
  type CreateJobBody,
  type FinalEvent,
  type FinalJob,
  isFinal,
  type Job,
  type StreamEvent,
} from '@promptlab/contract'
import type { ProviderRegistry } from '@promptlab/providers'
import { ApiError } from '../api-error.ts'
import type { Clock } from '../clock.ts'
import { finishJob, newJob } from './job.ts'
import { INTERRUPTED } from './job-failure.ts'
import type { JobQueue } from './job-queue.ts'
import type { JobRepository } from './job-repository.ts'
import type { JobRunner } from './job-runner.ts'
import type { TokenLog } from './token-log.ts'

interface JobServiceDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  readonly runner: JobRunner
  readonly clock: Clock
  readonly newId: () => string
}

/** What can be done with jobs, whatever the transport. */
export class JobService {
  readonly #deps: JobServiceDeps

  constructor(deps: JobServiceDeps) {
    this.#deps = deps
  }

  /**
   * Takes up what an earlier process left, before any request: pending jobs are queued; a job that was running when its
   * process died has failed. It is not run again, as its tokens may have been paid for.
   */
  async recover(): Promise<void> {
    const { jobs, queue, clock } = this.#deps
    for (const job of await jobs.findUnfinished()) {
      if (job.status === 'pending') await queue.enqueue(job.id)
      else await jobs.replace(finishJob(job, job, { status: 'failed', error: INTERRUPTED }, clock.now()), 'running')
    }
  }

  /** From now on, jobs run. */
  start(): void {
    const { queue, runner } = this.#deps
    queue.start((jobId) => runner.run(jobId))
  }

  /**
   * Stores a new job and has it run in the background. When this resolves, the job is on disk.
   * @throws ApiError `unknown-provider`, `unknown-model`, `provider-key-missing`, `queue-full`, `storage-unavailable`
   */
  async create(body: CreateJobBody): Promise<Job> {
    this.#checkProvider(body)
    const { jobs, queue, clock, newId } = this.#deps
    const place = await queue.reserve()
    const job = newJob(newId(), body, clock.now())
    try {
      await jobs.insert(job)
    } catch (error) {
      place.release()
      throw error
    }
    await place.enqueue(job.id)
    return job
  }

  /** @throws ApiError `job-not-found` */
  async get(id: string): Promise<Job> {
    const job = await this.#deps.jobs.find(id)
    if (!job) throw new ApiError('job-not-found', `There is no job with the id ${id}.`)
    return job
  }

  /**
   * The events of a job behind the cursor, in the batches in which they become ready: the text so far, what comes live,
   * and the final event. It ends without a final event if the log ends while the job has not: the reader may come again.
   * @param after how much of the text the reader has, in UTF-16 code units
   * @param signal ends the events early, also while they wait
   */
  async *events(id: string, after: number, signal: AbortSignal): AsyncGenerator<readonly StreamEvent[]> {
    if (signal.aborted) return
    // Attached before the record is read: a job that ends in between is then seen as ended by one or the other.
    const reader = this.#deps.tokenLog.attach(id, after)
    const detach = () => reader.detach()
    signal.addEventListener('abort', detach, { once: true })
    try {
      let cursor = after
      let job = await this.#deps.jobs.find(id)
      if (job && !isFinal(job)) {
        for (let batch = await reader.next(); batch; batch = await reader.next()) {
          cursor = batch.at(-1)?.id ?? cursor
          yield batch
        }
        job = await this.#deps.jobs.find(id)
      }
      if (job && isFinal(job) && !signal.aborted) yield storedEvents(job, cursor)
    } finally {
      signal.removeEventListener('abort', detach)
      detach()
    }
  }

  #checkProvider({ provider: name, model }: CreateJobBody): void {
    const { providers } = this.#deps
    const entry = providers.find(name)
    if (!entry) {
      throw new ApiError('unknown-provider', `There is no provider "${name}". Known: ${providers.names.join(', ')}.`)
    }
    const { models } = entry.provider
    if (!models.includes(model)) {
      throw new ApiError('unknown-model', `${name} has no model "${model}". Supported: ${models.join(', ')}.`)
    }
    const missing = entry.missing?.() ?? []
    if (missing.length > 0) {
      throw new ApiError('provider-key-missing', `${name} is not configured on this server: set ${missing.join(', ')}.`)
    }
  }
}

/** The end of a stream as the record tells it. Where its tokens began and ended is no longer known. */
function storedEvents(job: FinalJob, cursor: number): readonly StreamEvent[] {
  const rest = job.result.slice(cursor)
  const final = finalEvent(job)
  return rest === '' ? [final] : [{ event: 'token', id: job.result.length, data: { token: rest } }, final]
}

function finalEvent(job: FinalJob): FinalEvent {
  const { status, metrics } = job
  switch (status) {
    case 'completed':
      return { event: 'metrics', id: 'end', data: metrics }
    case 'failed':
      return { event: 'error', id: 'end', data: { ...job.error, metrics } }
    case 'cancelled':
      return { event: 'cancelled', id: 'end', data: metrics }
  }
}
