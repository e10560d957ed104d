import { type CreateJobBody, isFinal, type JobListQuery, type JobSummary } from '@promptlab/contract'
import type { ProviderRegistry } from '@promptlab/providers'
import { ApiError } from '../base/api-error.ts'
import type { Clock } from '../base/clock.ts'
import { finalEvent } from './final-event.ts'
import { fingerprint } from './fingerprint.ts'
import { admitRequest } from './input/admit-request.ts'
import { checkProvider } from './input/check-provider.ts'
import { requestOf } from './input/job-request.ts'
import {
  cancelPending,
  inputBytes,
  type JobRequest,
  newJob,
  runOf,
  type StoredFinalJob,
  type StoredJob,
  startJob,
} from './job.ts'
import { itemsOf } from './kept-parts.ts'
import type { ModelLists } from './models/model-lists.ts'
import { type JobQueue, type QueueSlot, QueueUnavailableError } from './ports/job-queue.ts'
import {
  type IdempotencyKey,
  type JobRepository,
  type KeyedJob,
  StorageUnavailableError,
} from './ports/job-repository.ts'
import type { TokenLog } from './ports/token-log.ts'
import { QueuedBytes, type QueuedBytesLimits } from './queued-bytes.ts'
import { JobEventReader, type ReaderCallbacks, type Reading } from './read/job-event-reader.ts'
import { decodePosition, encodePosition } from './read/list-cursor.ts'
import { SharedLookups } from './read/shared-lookups.ts'
import { SharedRecords } from './read/shared-records.ts'
import type { JobRunner } from './run/job-runner.ts'
import { TEXT_VIEW } from './views/text-view.ts'

interface JobServiceDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  readonly models: ModelLists
  readonly runner: JobRunner
  readonly clock: Clock
  readonly newId: () => string
  readonly queuedBytes: QueuedBytesLimits
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
}

interface JobSummaryPage {
  readonly data: JobSummary[]
  readonly nextCursor: string | null
}

export interface CreatedJob {
  readonly job: StoredJob
  /** Whether an earlier request with the same idempotency key created the job. */
  readonly isReplay: boolean
}

/** The name of the caller; undefined when keys are switched off, and every job can then be seen and changed. */
export type Caller = string | undefined

/** How long to wait for the end of a run in another process before the process is asked again, in milliseconds. */
const STOP_REPEAT_MS = 1_000
/** A living process ends a run within seconds. The runs of a dead process are ended by others within its lease. */
const MAX_STOP_REQUESTS = 60

/** Everything that callers can do with jobs, independent of HTTP. */
export class JobService {
  readonly #deps: JobServiceDeps
  readonly #lookups: SharedLookups
  readonly #records = new SharedRecords()
  readonly #queuedBytes: QueuedBytes

  constructor(deps: JobServiceDeps) {
    this.#deps = deps
    this.#lookups = new SharedLookups(deps.jobs)
    this.#queuedBytes = new QueuedBytes(deps.jobs, deps.queuedBytes)
  }

  /** Runs jobs from now on. */
  start(): void {
    const { queue, runner } = this.#deps
    queue.start({ run: (job) => runner.run(job), stop: (jobId) => runner.cancel(jobId) })
  }

  /**
   * Stores a new job, which then runs in the background. When the promise resolves, the job is on disk.
   * @param key the idempotency key: a second request of this caller with the same key gets the job of the first
   * @param traceparent where the run belongs in a trace
   * @throws ApiError `unknown-provider`, `unknown-model`, `provider-key-missing`, `unsupported-option`,
   * `previous-job-gone`, `job-not-finished`, `storage-quota-exceeded`, `queue-full`, `storage-unavailable`,
   * `idempotency-key-reused`, `upgrade-under-way`, `storage-full`
   */
  async create(body: CreateJobBody, caller: Caller, key?: string, traceparent?: string): Promise<CreatedJob> {
    const { jobs, clock, newId } = this.#deps
    const { request, items } = requestOf(body)
    const idempotency = key === undefined ? undefined : idempotencyOf(body, request, caller, key)
    // Checked first: the earlier request was accepted, whatever has become of the provider or the queue since.
    const earlier = idempotency && (await jobs.findByIdempotencyKey(idempotency.key, clock.now()))
    if (earlier) return replay(earlier, idempotency)

    await admitRequest({ request, items, caller, provider: checkProvider(request, this.#deps) }, this.#deps)
    const slot = await this.#reserve(request, caller)
    const job = newJob(newId(), request, clock.now(), caller)
    const running = slot.startsAtOnce ? startJob(job, clock.now()) : undefined
    let first: KeyedJob | undefined
    try {
      if (items.length > 0) await jobs.storeItems(items)
      first = await jobs.insert(running ?? job, idempotency)
    } catch (error) {
      slot.release()
      throw error
    }
    if (first) {
      slot.release()
      return replay(first, idempotency)
    }
    await slot.enqueue({ id: job.id, provider: job.provider, owner: caller, traceparent }, running)
    // The job as it was accepted, although it may be running by now.
    return { job, isReplay: false }
  }

  /** Room in the queue, in jobs and, for a job that has to wait, in bytes. */
  async #reserve(request: JobRequest, owner: Caller): Promise<QueueSlot> {
    const slot = await this.#deps.queue.reserve({ provider: request.provider, owner })
    if (slot.startsAtOnce) return slot
    try {
      const bytes = await this.#queuedBytes.reserve(owner, inputBytes(request))
      return {
        startsAtOnce: false,
        enqueue: (job) => {
          bytes.queued()
          return slot.enqueue(job)
        },
        release: () => {
          bytes.release()
          slot.release()
        },
      }
    } catch (error) {
      slot.release()
      throw error
    }
  }

  /** @throws ApiError `job-not-found` */
  async get(id: string, caller: Caller): Promise<StoredJob> {
    const job = await this.#find(id)
    // The same error as for an unknown id, so that callers cannot find out which ids exist.
    if (caller !== undefined && job.owner !== caller) throw notFound()
    return job
  }

  /**
   * An item of a job, and its media type.
   * @throws ApiError `job-not-found`, `item-not-found`
   */
  async getItem(id: string, item: string, caller: Caller): Promise<{ bytes: Uint8Array; mediaType: string }> {
    const job = await this.get(id, caller)
    const part = itemsOf(job.messages ?? []).find((kept) => kept.item === item)
    const bytes = part && (await this.#deps.jobs.findItem(item))
    if (!bytes) throw new ApiError('item-not-found', 'The job has no item with this id.')
    return { bytes, mediaType: part.type === 'text' ? 'text/plain; charset=utf-8' : part.mediaType }
  }

  async #find(id: string): Promise<StoredJob> {
    const job = await this.#deps.jobs.find(id)
    if (!job) throw notFound()
    return job
  }

  /**
   * A page of jobs, newest first. Jobs that are added while a client pages do not shift the later pages.
   * @throws ApiError `invalid-request` the cursor is not one of ours
   */
  async list({ limit, cursor, status, provider }: JobListQuery, owner: Caller): Promise<JobSummaryPage> {
    const after = cursor === undefined ? undefined : decodePosition(cursor)
    // One job more than asked for tells whether there is another page.
    const jobs = await this.#deps.jobs.list({ limit: limit + 1, after, status, provider, owner })
    const data = jobs.slice(0, limit)
    const last = data.at(-1)
    return { data, nextCursor: last && jobs.length > limit ? encodePosition(last) : null }
  }

  /**
   * Ends a job that waits or runs, in whichever process. The job keeps its text. A finished job is returned unchanged.
   * @throws ApiError `job-not-found`, `storage-unavailable`, `queue-unavailable`
   */
  async cancel(id: string, caller: Caller): Promise<StoredFinalJob> {
    const { jobs, queue, tokenLog, clock } = this.#deps
    let isOver = false
    for (let requests = 0; requests < MAX_STOP_REQUESTS; requests++) {
      const job = await this.get(id, caller)
      if (isFinal(job)) return job
      // The run is over but its end is not stored, as happens when the disk fails while the server stops.
      if (isOver) throw new StorageUnavailableError()
      if (job.status === 'pending') {
        const cancelled = cancelPending(job, clock.now())
        if (!(await jobs.replace(cancelled, job))) continue // The job has just started or ended.
        await queue.remove(job)
        await tokenLog.close(id, runOf(job), finalEvent(cancelled))
        return cancelled
      }
      isOver = !(await queue.requestStop(id))
      if (!isOver) await this.wait(id, STOP_REPEAT_MS)
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
  readEvents(id: string, reading: Reading, callbacks: ReaderCallbacks): JobEventReader {
    return new JobEventReader({ ...this.#deps, lookups: this.#lookups, records: this.#records }, id, reading, callbacks)
  }
}

/** Keys of different callers must not meet, so the name goes before the key. Neither holds a space. */
function idempotencyOf(body: CreateJobBody, { messages }: JobRequest, caller: Caller, key: string): IdempotencyKey {
  // Long content is in the digest by its own digest, which is its id.
  const digested = messages ? { ...body, messages } : body
  return { key: caller === undefined ? key : `${caller} ${key}`, fingerprint: fingerprint(digested) }
}

function notFound(): ApiError {
  return new ApiError('job-not-found', 'There is no job with this id. It may have been deleted.')
}

function replay({ job, fingerprint: first }: KeyedJob, idempotency: IdempotencyKey | undefined): CreatedJob {
  if (first === idempotency?.fingerprint) return { job, isReplay: true }
  const message = 'This Idempotency-Key was used for a job with another body. Use a new key for a new job.'
  throw new ApiError('idempotency-key-reused', message)
}
