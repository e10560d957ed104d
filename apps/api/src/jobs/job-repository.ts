import type { Job, JobStatus, PendingJob, RunningJob } from '@promptlab/contract'
import { ApiError } from '../api-error.ts'

/**
 * Where jobs are kept. A promise that resolves means the change is on disk, and what is read is always on disk:
 * a crash can take back nothing that a caller was told. Adapters own their connections.
 */
export interface JobRepository {
  /**
   * @throws JobConflictError a job with this id already exists
   * @throws StorageUnavailableError nothing was stored
   */
  insert(job: PendingJob): Promise<void>

  /** The job, or `undefined` if there is none with this id. */
  find(id: string): Promise<Job | undefined>

  /**
   * Stores `next` in place of the job with its id, if that one's status still is `ifStatus`; returns whether it was.
   * Of two calls at once with the same `ifStatus`, at most one gets `true` unless the status stays the same.
   * @throws StorageUnavailableError nothing was stored
   */
  replace(next: Job, ifStatus: JobStatus): Promise<boolean>

  /** Every pending and running job, in the order in which they were created. */
  findUnfinished(): Promise<(PendingJob | RunningJob)[]>

  /** @throws StorageUnavailableError a change could not be stored right now */
  checkHealth(): Promise<void>

  /** Waits for changes under way and gives up the store. */
  close(): Promise<void>
}

export class JobConflictError extends Error {
  override readonly name = 'JobConflictError'

  constructor(id: string) {
    super(`A job with the id ${id} already exists`)
  }
}

/** The store could not take a change; it loses nothing it had. */
export class StorageUnavailableError extends ApiError {
  override readonly name = 'StorageUnavailableError'

  constructor(cause?: unknown) {
    super('storage-unavailable', 'The job store cannot be written right now; nothing was changed. Try again later.', {
      cause,
    })
  }
}
