import type { RequestLimits } from '@promptlab/providers'
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

  /**
   * Hands out a job that is running already, because this process took it over. It takes a slot, also if none is free: then no
   * other job starts until there is room.
   * @returns when the run has ended
   */
  resume(job: QueuedJob, running: StoredRunningJob): Promise<void>

  /** Hands each job to the handler when its turn comes, from now on. */
  start(handler: JobHandler): void

  /**
   * Asks the process that runs the job to end the run.
   * @returns whether such a run may exist. If so, and if the job is not final yet, the caller may ask again.
   * @throws QueueUnavailableError
   */
  requestStop(jobId: string): Promise<boolean>

  /**
   * Tells that a vendor refused a call because it takes no more now. The queue starts jobs of this provider and model more
   * slowly then, in all processes together, and faster again with time. This method does not fail.
   */
  callRefused(call: RefusedCall): void

  /**
   * Tells how many more requests a vendor takes. If it takes none now, the queue starts no job of this provider and model
   * before the vendor takes one, in all processes together. This method does not fail.
   */
  limitsTold(limits: ToldLimits): void

  /**
   * Counts the waiting jobs of all processes together, without those that wait for their vendors.
   * @throws QueueUnavailableError
   */
  countWaiting(): Promise<number>

  /**
   * Counts the jobs of all processes together that wait because their vendors told them to.
   * @throws QueueUnavailableError
   */
  countWaitingForVendors(): Promise<number>

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
  /** Jobs of one provider and model share the limits of their vendor. Undefined: not known. */
  readonly model?: string | undefined
  /** The caller who owns the job; undefined where there are no keys. */
  readonly owner?: string | undefined
  /** Where the run belongs in a trace (W3C Trace Context). A job that is added by `ensure` has lost it. */
  readonly traceparent?: string | undefined
  /**
   * When the job may run, in milliseconds since the epoch, because its vendor told it to wait. Such a job does not count as
   * waiting for `reserve`.
   */
  readonly notBefore?: number | undefined
}

/** A call that a vendor refused because it takes no more now. */
export interface RefusedCall {
  readonly provider: string
  readonly model: string
  /** When the call began, in milliseconds since the epoch. */
  readonly startedAt: number
  /** The wait that the vendor asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** What a vendor told of the requests that it still takes. */
export interface ToldLimits extends RequestLimits {
  readonly provider: string
  readonly model: string
}

/** What becomes of a job that was handed out and has not ended. */
export interface PutBack {
  /** When the job is to be handed out again, in milliseconds since the epoch. */
  readonly notBefore: number
}

/** A job as the queue hands it out. */
export type HandedJob = Pick<QueuedJob, 'id' | 'traceparent'> & {
  /**
   * The record, if the job is stored as running already: its slot could start it at once, or it was taken over from a process
   * that is gone.
   */
  readonly running?: StoredRunningJob | undefined
}

/** Runs the jobs that a process is handed. */
export interface JobHandler {
  /**
   * Runs one job, if the job still waits for that: the queue may hand a job out twice. It must not reject.
   * @returns undefined if the job needs the queue no more
   */
  run(job: HandedJob): Promise<PutBack | undefined>
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
