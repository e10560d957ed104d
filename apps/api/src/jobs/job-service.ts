import {
  type Delivery,
  type Fixture,
  type ForkJobBody,
  isFinal,
  type JobChanges,
  type RerunJobBody,
} from '@promptlab/contract'
import { ApiError } from '../base/api-error.ts'
import type { Caller } from './caller.ts'
import { type CreatedJob, type Creation, JobCreator, type JobCreatorDeps } from './create/job-creator.ts'
import { finalEvent } from './final-event.ts'
import { fingerprint } from './fingerprint.ts'
import { fixtureOf } from './fixture/fixture-of.ts'
import type { AskedJob } from './input/asked-job.ts'
import { tellCopied } from './input/copied-faults.ts'
import { forkDraft, rerunDraft } from './input/job-of-job.ts'
import { type JobDraft, requestOf } from './input/job-request.ts'
import { requestFingerprint } from './input/request-fingerprint.ts'
import { cancelPending, runOf, type StoredFinalJob, type StoredJob } from './job.ts'
import { jobNotFound } from './job-not-found.ts'
import { itemsOfJob } from './kept-parts.ts'
import { QueueUnavailableError } from './ports/job-queue.ts'
import { ItemSweptError, StorageUnavailableError } from './ports/storage-errors.ts'
import type { TokenLog } from './ports/token-log.ts'
import { QueuedBytes, type QueuedBytesLimits } from './queued-bytes.ts'
import { JobEventReader, type ReaderCallbacks, type Reading } from './read/job-event-reader.ts'
import { JobHistory } from './read/job-history.ts'
import { SharedLookups } from './read/shared-lookups.ts'
import { SharedRecords } from './read/shared-records.ts'
import type { JobRunner } from './run/job-runner.ts'
import { TEXT_VIEW } from './views/text-view.ts'

interface JobServiceDeps extends Omit<JobCreatorDeps, 'queuedBytes'> {
  readonly tokenLog: TokenLog
  readonly runner: JobRunner
  readonly queuedBytes: QueuedBytesLimits
}

/** How a job is made of another one. */
interface JobOfJob {
  /** Of which the digest of the request is made. */
  readonly asked: object
  readonly changes: JobChanges
  readonly draftOf: (job: StoredJob) => JobDraft
}

/** How long to wait for the end of a run in another process before the process is asked again, in milliseconds. */
const STOP_REPEAT_MS = 1_000
/** A living process ends a run within seconds. The runs of a dead process are ended by others within its lease. */
const MAX_STOP_REQUESTS = 60

/** Everything that callers can do with jobs, independent of HTTP. */
export class JobService {
  readonly #deps: JobServiceDeps
  readonly #lookups: SharedLookups
  readonly #records = new SharedRecords()
  readonly #creator: JobCreator
  /** The lists and the conversations of jobs. */
  readonly history: JobHistory

  constructor(deps: JobServiceDeps) {
    this.#deps = deps
    this.#lookups = new SharedLookups(deps.jobs)
    this.history = new JobHistory(deps)
    this.#creator = new JobCreator({ ...deps, queuedBytes: new QueuedBytes(deps.jobs, deps.queuedBytes) })
  }

  /** Runs jobs from now on. */
  start(): void {
    const { queue, runner } = this.#deps
    queue.start({ run: (job) => runner.run(job), stop: (jobId) => runner.cancel(jobId) })
  }

  /** See `JobCreator.create`. */
  create(asked: AskedJob, caller: Caller, creation?: Creation): Promise<CreatedJob> {
    const draft = requestOf(asked)
    const source = { fingerprint: () => requestFingerprint(asked, draft.request), draft: () => draft }
    return this.#creator.create(source, caller, creation)
  }

  /**
   * Makes a job of the input of another one, see `rerunDraft`.
   * @throws ApiError as `create`, and `job-not-found`, `item-not-found`
   */
  rerun(id: string, changes: RerunJobBody, caller: Caller, creation?: Creation): Promise<CreatedJob> {
    const made = { asked: { rerunOf: id, ...changes }, changes, draftOf: (job: StoredJob) => rerunDraft(job, changes) }
    return this.#createOf(id, made, caller, creation)
  }

  /**
   * Makes a job that goes on with the answer of another one from a place, see `forkDraft`.
   * @throws ApiError as `create`, and `job-not-found`, `job-not-finished`, `item-not-found`
   */
  fork(id: string, fork: ForkJobBody, caller: Caller, creation?: Creation): Promise<CreatedJob> {
    const made = { asked: { forkOf: id, ...fork }, changes: fork, draftOf: (job: StoredJob) => forkDraft(job, fork) }
    return this.#createOf(id, made, caller, creation)
  }

  async #createOf(
    id: string,
    { asked, changes, draftOf }: JobOfJob,
    caller: Caller,
    creation: Creation | undefined,
  ): Promise<CreatedJob> {
    const source = { fingerprint: () => fingerprint(asked), draft: async () => draftOf(await this.get(id, caller)) }
    try {
      return await this.#creator.create(source, caller, creation)
    } catch (error) {
      if (!(error instanceof ItemSweptError)) throw error instanceof ApiError ? tellCopied(error, id, changes) : error
      // No sweep takes an item of a job that is there. So the job was deleted meanwhile, or the store lost the item.
      await this.get(id, caller)
      const message = 'The store has lost content of the messages of this job. Create a new job with them.'
      throw new ApiError('item-not-found', message, { cause: error })
    }
  }

  /** @throws ApiError `job-not-found` */
  async get(id: string, caller: Caller): Promise<StoredJob> {
    const job = await this.#find(id)
    // The same error as for an unknown id, so that callers cannot find out which ids exist.
    if ((caller !== undefined && job.owner !== caller) || job.deleteAfter !== undefined) throw jobNotFound()
    if (!isFinal(job)) this.#deps.clients.seen(job)
    return job
  }

  /**
   * The news of the job's end, one for each receiver.
   * @throws ApiError `job-not-found`
   */
  async deliveries(id: string, caller: Caller): Promise<Delivery[]> {
    const { deliveries = [] } = await this.get(id, caller)
    return deliveries
  }

  /**
   * An item of a job, and its media type.
   * @throws ApiError `job-not-found`, `item-not-found`
   */
  async getItem(id: string, item: string, caller: Caller): Promise<{ bytes: Uint8Array; mediaType: string }> {
    const job = await this.get(id, caller)
    const part = itemsOfJob(job).find((kept) => kept.item === item)
    const bytes = part && (await this.#deps.jobs.findItem(item))
    if (!bytes) throw new ApiError('item-not-found', 'The job has no item with this id.')
    return { bytes, mediaType: 'mediaType' in part ? part.mediaType : 'text/plain; charset=utf-8' }
  }

  /**
   * What a job asked and was answered, to be played without its vendor.
   * @throws ApiError `job-not-found`, `job-not-finished`, `previous-job-gone`
   */
  async fixture(id: string, caller: Caller): Promise<Fixture> {
    const job = await this.get(id, caller)
    if (!isFinal(job)) throw new ApiError('job-not-finished', `The job is ${job.status}. Cancel it first, or wait.`)
    return await fixtureOf(job, this.#deps.jobs)
  }

  async #find(id: string): Promise<StoredJob> {
    const job = await this.#deps.jobs.find(id)
    if (!job) throw jobNotFound()
    return job
  }

  /**
   * Ends a job that waits or runs, in whichever process. The job keeps its text. A finished job is returned unchanged.
   * @throws ApiError `job-not-found`, `storage-unavailable`, `queue-unavailable`
   */
  async cancel(id: string, caller: Caller): Promise<StoredFinalJob> {
    return await this.#cancel(id, () => this.get(id, caller))
  }

  /**
   * Ends the foreground jobs whose clients have been away for too long, at most `limit` of them.
   * @returns how many were looked at
   * @throws ApiError `storage-unavailable`, `queue-unavailable`
   */
  async cancelUnwatched(limit: number): Promise<number> {
    const { jobs, clients, clock } = this.#deps
    const unwatched = await jobs.findUnwatched(clock.now(), limit)
    await Promise.all(
      unwatched.map(async ({ id }) => {
        if (await clients.endGrace(id)) await this.#cancel(id, () => this.#find(id))
      }),
    )
    return unwatched.length
  }

  async #cancel(id: string, find: () => Promise<StoredJob>): Promise<StoredFinalJob> {
    const { jobs, queue, tokenLog, clock } = this.#deps
    /** A run that is over. */
    let over: number | undefined
    for (let requests = 0; requests < MAX_STOP_REQUESTS; requests++) {
      const job = await find()
      if (isFinal(job)) return job
      if (job.status === 'pending') {
        const cancelled = cancelPending(job, clock.now())
        if (!(await jobs.replace(cancelled, job))) continue // The job has just started or ended.
        await queue.remove(job)
        await tokenLog.close(id, runOf(job), finalEvent(cancelled))
        return cancelled
      }
      // Its end is not stored, as happens when the disk fails while the server stops.
      if (over === runOf(job)) throw new StorageUnavailableError()
      if (!(await queue.requestStop(id))) over = runOf(job)
      else await this.wait(id, STOP_REPEAT_MS)
    }
    throw new QueueUnavailableError()
  }

  /**
   * Removes a finished job for good.
   * @throws ApiError `job-not-found`, `job-not-finished`, `storage-unavailable`
   */
  async delete(id: string, caller: Caller): Promise<void> {
    const job = await this.get(id, caller)
    if (!isFinal(job)) throw new ApiError('job-not-finished', `The job is ${job.status}. Cancel it first, or wait.`)
    if (!(await this.#deps.jobs.deleteFinal(id))) await this.#find(id)
  }

  /**
   * Waits until the job is final, at most `timeoutMs`.
   * @param signal ends the wait early
   * @returns the job at the end of the wait
   */
  async wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<StoredJob> {
    const over = Promise.withResolvers<void>()
    const onIdle = () =>
      this.#lookups.find(id).then(
        (job) => {
          if (!job || isFinal(job)) over.resolve()
        },
        () => {}, // The lookup is repeated when the log is idle again, and in any case at the end of the wait.
      )
    // Attached before the record is read, behind every possible piece: the reader only learns that the log has ended.
    const reader = this.#deps.tokenLog.attach(id, TEXT_VIEW, Number.MAX_SAFE_INTEGER, {
      onReady: () => {
        if (reader.hasEnded) over.resolve()
      },
      onIdle,
    })
    const timer = setTimeout(over.resolve, timeoutMs)
    const onAbort = () => over.resolve()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const job = await this.#find(id)
      if (isFinal(job) || signal?.aborted) return job
      await over.promise
      return await this.#find(id)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      reader.detach()
    }
  }

  /** The events of a job behind a cursor: what there is of the answer, the live pieces, and the final event. */
  readEvents<Event>(id: string, reading: Reading<Event>, callbacks: ReaderCallbacks): JobEventReader<Event> {
    return new JobEventReader({ ...this.#deps, lookups: this.#lookups, records: this.#records }, id, reading, callbacks)
  }
}
