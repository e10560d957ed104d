import { type JobHandler, type JobQueue, type QueuedJob, QueueFullError, type QueuePlace } from '../jobs/job-queue.ts'

interface InProcessJobQueueOptions {
  /** How many jobs run at once. */
  maxConcurrent: number
  /** How many jobs of one provider run at once, so that one that is stuck leaves room for the others. */
  maxConcurrentPerProvider: number
  /** How many jobs may wait for their turn. */
  maxQueued: number
}

/** Job queue of a single process: first in, first out among the jobs whose provider has room. */
export class InProcessJobQueue implements JobQueue {
  readonly #options: InProcessJobQueueOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #running = new Set<Promise<void>>()
  #reserved = 0
  #waiting = 0
  #sequence = 0
  #handler: JobHandler | undefined
  #isClosed = false

  constructor(options: InProcessJobQueueOptions) {
    this.#options = options
  }

  async reserve(): Promise<QueuePlace> {
    const { maxQueued, maxConcurrent } = this.#options
    // A job that can start at once does not wait, so idle workers count as room.
    const taken = this.#reserved + this.#waiting + this.#running.size
    if (taken >= maxQueued + maxConcurrent) throw new QueueFullError(maxQueued)
    this.#reserved++
    return {
      enqueue: async (job) => {
        this.#reserved--
        await this.enqueue(job)
      },
      release: () => {
        this.#reserved--
      },
    }
  }

  async enqueue({ id, provider }: QueuedJob): Promise<void> {
    let lane = this.#lanes.get(provider)
    if (!lane) {
      lane = { waiting: new Map(), running: 0 }
      this.#lanes.set(provider, lane)
    }
    lane.waiting.set(id, this.#sequence++)
    this.#waiting++
    this.#startWaiting()
  }

  async remove({ id, provider }: QueuedJob): Promise<void> {
    if (this.#lanes.get(provider)?.waiting.delete(id)) this.#waiting--
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
    while (handler && !this.#isClosed && this.#running.size < this.#options.maxConcurrent) {
      const next = this.#next()
      if (!next) return
      this.#run(next.lane, next.id, handler)
    }
  }

  /** The job that has waited longest, of those whose provider has room. */
  #next(): { lane: Lane; id: string } | undefined {
    let next: { lane: Lane; id: string; sequence: number } | undefined
    for (const lane of this.#lanes.values()) {
      if (lane.running >= this.#options.maxConcurrentPerProvider) continue
      for (const [id, sequence] of lane.waiting) {
        if (!next || sequence < next.sequence) next = { lane, id, sequence }
        break
      }
    }
    return next
  }

  #run(lane: Lane, id: string, handler: JobHandler): void {
    lane.waiting.delete(id)
    this.#waiting--
    lane.running++
    const run = handler(id).finally(() => {
      lane.running--
      this.#running.delete(run)
      this.#startWaiting()
    })
    this.#running.add(run)
  }
}

/** The jobs of one provider. */
interface Lane {
  /** By id, in the order of arrival: when each came, in the count of all jobs. */
  readonly waiting: Map<string, number>
  running: number
}
