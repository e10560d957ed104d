import { ApiError } from '../../base/api-error.ts'

/** Which job runs next. It holds no jobs: the repository has them, and after a crash the queue is filled from it. */
export interface JobQueue {
  /**
   * Takes a worker that is free now for a job that is about to be stored, which then can be stored as running at once.
   * @returns undefined if the job has to wait its turn
   */
  takeWorker(job: Omit<QueuedJob, 'id'>): TakenWorker | undefined

  /**
   * Takes a place for a job that is about to be stored, so that no job is stored for which there is none.
   * @throws QueueFullError
   */
  reserve(): Promise<QueuePlace>

  /**
   * Adds a job that is already stored, whether or not there is room. It does not fail: a job that the queue cannot take now is
   * added by `ensure` later.
   */
  enqueue(job: QueuedJob): Promise<void>

  /**
   * Adds those of the jobs that the queue does not have, whether or not there is room.
   * @returns how many it did not have
   * @throws QueueUnavailableError
   */
  ensure(jobs: readonly QueuedJob[]): Promise<number>

  /** Takes a waiting job out; nothing happens if it does not wait. It may still be handed out: only its record decides. */
  remove(job: QueuedJob): Promise<void>

  /** From now on, hands each job to the handler when its turn comes. */
  start(handler: JobHandler): void

  /**
   * Has the process that runs the job end its run.
   * @returns whether there may be one: if so, and the job is not final yet, it may be asked again
   * @throws QueueUnavailableError
   */
  requestStop(jobId: string): Promise<boolean>

  /**
   * How many jobs wait for their turn, in all processes together.
   * @throws QueueUnavailableError
   */
  countWaiting(): Promise<number>

  /** @throws QueueUnavailableError a job could not be queued right now */
  checkHealth(): Promise<void>

  /** Starts no further job; resolves when the running ones have ended. */
  close(): Promise<void>
}

/** What the queue needs to know of a job. */
export interface QueuedJob {
  readonly id: string
  readonly provider: string
  /** The caller whose job it is, if it is anybody's. */
  readonly owner?: string | undefined
  /** Where its run belongs in a trace; a job that is queued again may have lost it. */
  readonly traceparent?: string | undefined
}

/** What a process does with the jobs it is handed. */
export interface JobHandler {
  /** Runs one job to its end, if it waits for that: a job may be handed out more than once. It must not reject. */
  run(jobId: string, traceparent: string | undefined): Promise<void>
  /** Ends the run of a job and waits for its final record; returns false, and at once, if the job does not run here. */
  stop(jobId: string): Promise<boolean>
}

/** A reserved place: used once, by either method. */
export interface QueuePlace {
  enqueue(job: QueuedJob): Promise<void>
  release(): void
}

/** A worker that was taken: used once, by either method. */
export interface TakenWorker {
  /** @param run must not reject */
  run(run: () => Promise<void>): void
  release(): void
}

export class QueueFullError extends ApiError {
  override readonly name = 'QueueFullError'

  constructor(maxQueued: number) {
    super('queue-full', `${maxQueued} jobs are waiting already. Try again in a moment.`, { retryAfterSeconds: 1 })
  }
}

/** The queue is in another process, which cannot be reached. Jobs that are stored wait until it can. */
export class QueueUnavailableError extends ApiError {
  override readonly name = 'QueueUnavailableError'

  constructor(cause?: unknown) {
    super('queue-unavailable', 'The job queue cannot be reached right now; nothing was changed. Try again later.', {
      cause,
      retryAfterSeconds: 5,
    })
  }
}
