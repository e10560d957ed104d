import { type JobHandler, type JobQueue, QueueFullError, type QueuePlace } from '../jobs/job-queue.ts'

interface InProcessJobQueueOptions {
  /** How many jobs run at once. */
  maxConcurrent: number
  /** How many jobs may wait for their turn. */
  maxQueued: number
}

/** Job queue of a single process: first in, first out. */
export class InProcessJobQueue implements JobQueue {
  readonly #maxConcurrent: number
  readonly #maxQueued: number
  readonly #waiting: string[] = []
  readonly #running = new Set<Promise<void>>()
  #reserved = 0
  #handler: JobHandler | undefined
  #isClosed = false

  constructor({ maxConcurrent, maxQueued }: InProcessJobQueueOptions) {
    this.#maxConcurrent = maxConcurrent
    this.#maxQueued = maxQueued
  }

  async reserve(): Promise<QueuePlace> {
    // A job that can start at once does not wait, so idle workers count as room.
    const taken = this.#reserved + this.#waiting.length + this.#running.size
    if (taken >= this.#maxQueued + this.#maxConcurrent) throw new QueueFullError(this.#maxQueued)
    this.#reserved++
    return {
      enqueue: async (jobId) => {
        this.#reserved--
        await this.enqueue(jobId)
      },
      release: () => {
        this.#reserved--
      },
    }
  }

  async enqueue(jobId: string): Promise<void> {
    this.#waiting.push(jobId)
    this.#startWaiting()
  }

  start(handler: JobHandler): void {
    this.#handler = handler
    this.#startWaiting()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
  }

  #startWaiting(): void {
    const handler = this.#handler
    if (!handler || this.#isClosed) return
    while (this.#running.size < this.#maxConcurrent) {
      const jobId = this.#waiting.shift()
      if (jobId === undefined) return
      const run = handler(jobId).finally(() => {
        this.#running.delete(run)
        this.#startWaiting()
      })
      this.#running.add(run)
    }
  }
}
