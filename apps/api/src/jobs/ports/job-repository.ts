import type { FinalJob, Job, JobStatus, JobSummary, PendingJob, RunningJob } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import type { Owned, StoredJob } from '../job.ts'

/**
 * Where jobs are kept. When a promise resolves the change is on disk, and a read returns only what is on disk, so a crash
 * cannot contradict what a caller was told. Adapters own their connections.
 */
export interface JobRepository {
  /**
   * Stores a new job, unless its idempotency key is taken: of two simultaneous calls with one key, one stores its job and
   * the other gets that job. A job that starts at once is stored as running, which saves a write.
   * @returns the job that has the key, or `undefined` when the new job was stored
   * @throws JobConflictError a job with this id already exists
   * @throws StorageUnavailableError nothing was stored
   */
  insert(job: (PendingJob | RunningJob) & Owned, idempotency?: IdempotencyKey): Promise<KeyedJob | undefined>

  /** The job, or `undefined` if there is none with this id. */
  find(id: string): Promise<StoredJob | undefined>

  /**
   * The job that was created with this key within `IDEMPOTENCY_WINDOW_MS` before `now`.
   * @param now milliseconds since the epoch
   */
  findByIdempotencyKey(key: string, now: number): Promise<KeyedJob | undefined>

  /**
   * Pending jobs, oldest first: by time of creation, then by id.
   * @param after only jobs that come after this one in that order
   */
  findPending(limit: number, after?: JobPosition): Promise<(PendingJob & Owned)[]>

  /**
   * Running jobs whose process is gone, with the text of their last checkpoint. A job that this process runs is never among
   * them.
   */
  findAbandoned(): Promise<RunningJob[]>

  /** Jobs without their texts, newest first: by time of creation, then by id. */
  list(query: JobQuery): Promise<JobSummary[]>

  /**
   * Stores `next` in place of the job with the same id, if that job's status still is `ifStatus`; returns whether it was. The
   * owner stays. Of two simultaneous calls with the same `ifStatus`, at most one gets `true`, unless the status stays the same.
   * @throws StorageUnavailableError nothing was stored
   */
  replace(next: Job, ifStatus: JobStatus): Promise<boolean>

  /**
   * Stores the progress of running jobs in one write. A store may write only the part of a text that it lacks.
   * @returns the ids of the jobs that were still running and so were stored. A job that is not among them has ended, perhaps
   * because another process took its process for dead: its run has to end.
   * @throws StorageUnavailableError nothing was stored
   */
  checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>>

  /**
   * Removes a job that has reached its final state; returns whether there was one.
   * @throws StorageUnavailableError nothing was removed
   */
  deleteFinal(id: string): Promise<boolean>

  /**
   * Removes jobs that reached their final state before a time, at most `limit` of them; returns how many.
   * @param time milliseconds since the epoch
   * @throws StorageUnavailableError nothing was removed
   */
  deleteFinalBefore(time: number, limit: number): Promise<number>

  /** @throws StorageUnavailableError a change could not be stored right now */
  checkHealth(): Promise<void>

  /** Waits for the changes under way and releases the store. */
  close(): Promise<void>
}

/** The progress of a running job. */
export interface JobCheckpoint {
  /** The job with its text so far. */
  readonly job: RunningJob
  /** How much of the text the store has, in UTF-16 code units. */
  readonly storedLength: number
}

/** How long a key belongs to the job that was created with it. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1000

/** A caller's name for one creation of a job, so that the request can be repeated without making a second job. */
export interface IdempotencyKey {
  /** Unique within the store: it begins with the caller's name. */
  readonly key: string
  /** The digest of the request, which tells a repeat from another request under the same key. */
  readonly fingerprint: string
}

/** The job that has a key, and the digest of the request that made it. */
export interface KeyedJob {
  readonly job: StoredJob
  readonly fingerprint: string
}

export interface JobQuery {
  readonly limit: number
  /** Only jobs that come after this one in the list. */
  readonly after?: JobPosition | undefined
  readonly status?: JobStatus | undefined
  readonly provider?: string | undefined
  /** Only jobs that are this caller's. */
  readonly owner?: string | undefined
}

/** A job's position in the list. Jobs that are added or removed do not move it. */
export type JobPosition = Pick<Job, 'createdAt' | 'id'>

/** When a final job became final, in milliseconds since the epoch. */
export function endedAt(job: FinalJob): number {
  return Date.parse(job.updatedAt)
}

export class JobConflictError extends Error {
  override readonly name = 'JobConflictError'

  constructor(id: string) {
    super(`A job with the id ${id} already exists`)
  }
}

/** The store could not be used. Nothing that it holds is lost. */
export class StorageUnavailableError extends ApiError {
  override readonly name = 'StorageUnavailableError'

  constructor(cause?: unknown) {
    super('storage-unavailable', 'The job store cannot be used right now; nothing was changed. Try again later.', {
      cause,
      retryAfterSeconds: 5,
    })
  }
}
