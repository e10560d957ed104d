import { ApiError } from '../api-error.ts'

/** Which job runs next. It holds no jobs: the repository has them, and after a crash the queue is filled from it. */
export interface JobQueue {
  /**
   * Takes a worker that is free now for a job that is about to be stored, which then can be stored as running at once.
   * @returns undefined if the job has to wait its turn
   */
  takeWorker(provider: string): TakenWorker | undefined

  /**
   * Takes a place for a job that is about to be stored, so that no job is stored for which there is none.
   * @throws QueueFullError
   */
  reserve(): Promise<QueuePlace>

  /** Adds a job that is already stored, whether or not there is room. */
  enqueue(job: QueuedJob): Promise<void>

  /** Takes a waiting job out; nothing happens if it does not wait. */
  remove(job: QueuedJob): Promise<void>

  /** From now on, hands each job to `handler` when its turn comes. */
  start(handler: JobHandler): void

  /** Starts no further job; resolves when the running ones have ended. */
  close(): Promise<void>
}

/** What the queue needs to know of a job. */
export interface QueuedJob {
  readonly id: string
  readonly provider: string
}

/** Runs one job to its end. It must not reject. */
export type JobHandler = (jobId: string) => Promise<void>

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
