import {
  type JobHandler,
  type JobQueue,
  type QueuedJob,
  QueueFullError,
  type QueuePlace,
  type TakenWorker,
} from '../jobs/job-queue.ts'

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

  takeWorker(provider: string): TakenWorker | undefined {
    if (!this.#handler || !this.#hasFreeWorker) return undefined
    const lane = this.#lane(provider)
    if (lane.running >= this.#options.maxConcurrentPerProvider) return undefined
    // Nobody is passed over: whoever waits in a lane with room would have begun already.
    return this.#takeWorker(lane)
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
    this.#lane(provider).waiting.set(id, this.#sequence++)
    this.#waiting++
    this.#startWaiting()
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    const missing = jobs.filter(({ id, provider }) => !this.#lanes.get(provider)?.waiting.has(id))
    for (const job of missing) await this.enqueue(job)
    return missing.length
  }

  async remove({ id, provider }: QueuedJob): Promise<void> {
    if (this.#lanes.get(provider)?.waiting.delete(id)) this.#waiting--
  }

  start(handler: JobHandler): void {
    this.#handler = handler
    this.#startWaiting()
  }

  async requestStop(jobId: string): Promise<boolean> {
    return (await this.#handler?.stop(jobId)) ?? false
  }

  async checkHealth(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
  }

  #startWaiting(): void {
    const handler = this.#handler
    while (handler && this.#hasFreeWorker) {
      const next = this.#next()
      if (!next) return
      const { lane, id } = next
      lane.waiting.delete(id)
      this.#waiting--
      this.#takeWorker(lane).run(() => handler.run(id))
    }
  }

  get #hasFreeWorker(): boolean {
    return !this.#isClosed && this.#running.size < this.#options.maxConcurrent
  }

  #lane(provider: string): Lane {
    let lane = this.#lanes.get(provider)
    if (!lane) {
      lane = { waiting: new Map(), running: 0 }
      this.#lanes.set(provider, lane)
    }
    return lane
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

  #takeWorker(lane: Lane): TakenWorker {
    const { promise, resolve } = Promise.withResolvers<void>()
    lane.running++
    this.#running.add(promise)
    const release = () => {
      lane.running--
      this.#running.delete(promise)
      resolve()
      this.#startWaiting()
    }
    return { run: (run) => void run().finally(release), release }
  }
}

/** The jobs of one provider. */
interface Lane {
  /** By id, in the order of arrival: when each came, in the count of all jobs. */
  readonly waiting: Map<string, number>
  running: number
}
