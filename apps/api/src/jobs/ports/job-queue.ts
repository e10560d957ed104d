import { ApiError } from '../../base/api-error.ts'
import type { StoredRunningJob } from '../job.ts'

/** Decides which job runs next. The queue holds no records: after a crash it is filled again from the repository. */
export interface JobQueue {
  /**
   * Reserves a slot for a job that is about to be stored, so that no job is stored which the queue has no room for.
   * @throws QueueFullError as many jobs wait as may
   * @throws QueueUnavailableError
   */
  reserve(job: Omit<QueuedJob, 'id'>): Promise<QueueSlot>

  /**
   * Adds a stored job, whether or not there is room. This method does not fail: a job that cannot be added now is added
   * later by `ensure`.
   */
  enqueue(job: QueuedJob): Promise<void>

  /**
   * Adds the jobs that the queue does not have, whether or not there is room.
   * @returns how many jobs were added
   * @throws QueueUnavailableError
   */
  ensure(jobs: readonly QueuedJob[]): Promise<number>

  /**
   * Removes a waiting job, and does nothing if the job does not wait. The job may still be handed out: only its record
   * decides whether it runs.
   */
  remove(job: QueuedJob): Promise<void>

  /** Hands each job to the handler when its turn comes, from now on. */
  start(handler: JobHandler): void

  /**
   * Asks the process that runs the job to end the run.
   * @returns whether such a run may exist. If so, and if the job is not final yet, the caller may ask again.
   * @throws QueueUnavailableError
   */
  requestStop(jobId: string): Promise<boolean>

  /**
   * Counts the waiting jobs of all processes together.
   * @throws QueueUnavailableError
   */
  countWaiting(): Promise<number>

  /**
   * Counts the processes that run jobs.
   * @throws QueueUnavailableError
   */
  countWorkers(): Promise<number>

  /** @throws QueueUnavailableError a job could not be added right now */
  checkHealth(): Promise<void>

  /** Starts no further job, and resolves when the running jobs have ended. */
  close(): Promise<void>
}

/** What the queue needs to know of a job. */
export interface QueuedJob {
  readonly id: string
  readonly provider: string
  /** The caller who owns the job; undefined where there are no keys. */
  readonly owner?: string | undefined
  /** Where the run belongs in a trace (W3C Trace Context). A job that is added by `ensure` has lost it. */
  readonly traceparent?: string | undefined
}

/** A job as the queue hands it out. */
export type HandedJob = Pick<QueuedJob, 'id' | 'traceparent'> & {
  /** The record, if the job was stored as running because its slot could start it at once. */
  readonly running?: StoredRunningJob | undefined
}

/** Runs the jobs that a process is handed. */
export interface JobHandler {
  /** Runs one job to its end, if the job still waits for that: the queue may hand a job out twice. It must not reject. */
  run(job: HandedJob): Promise<void>
  /** Ends the run of a job and waits for its final record; returns false, and at once, if the job does not run here. */
  stop(jobId: string): Promise<boolean>
}

/** Room for one job, held while the job is being stored. Use it once, by either method. */
export interface QueueSlot {
  /**
   * Whether the job starts as soon as it is enqueued. Such a job is stored as running at once, which saves a write
   * (docs/decisions/2026-11-25-cost-of-a-job.md).
   */
  readonly startsAtOnce: boolean
  /**
   * Adds the job, which is stored by now. This method does not fail, like `JobQueue.enqueue`.
   * @param running the record of a job that was stored as running
   */
  enqueue(job: QueuedJob, running?: StoredRunningJob): Promise<void>
  /** Gives the slot back unused. */
  release(): void
}

export class QueueFullError extends ApiError {
  override readonly name = 'QueueFullError'

  /** @param excess what is too much, as a sentence without its end */
  constructor(excess: string) {
    super('queue-full', `${excess}. Try again in a moment.`, { retryAfterSeconds: 1 })
  }
}

/** The queue is in another process, which cannot be reached. Jobs that are stored wait until it can be. */
export class QueueUnavailableError extends ApiError {
  override readonly name = 'QueueUnavailableError'

  constructor(cause?: unknown) {
    super('queue-unavailable', 'The job queue cannot be reached right now; nothing was changed. Try again later.', {
      cause,
      retryAfterSeconds: 5,
    })
  }
}
