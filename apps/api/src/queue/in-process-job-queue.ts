import { Counts } from '../base/counts.ts'
import {
  type JobHandler,
  type JobQueue,
  type QueuedJob,
  QueueFullError,
  type QueueSlot,
} from '../jobs/ports/job-queue.ts'

interface InProcessJobQueueOptions {
  /** How many jobs run at once. */
  maxConcurrent: number
  /** How many jobs of one provider run at once, so that a provider that is stuck leaves room for the others. */
  maxConcurrentPerProvider: number
  /** How many jobs of one caller run at once, so that a caller with many jobs leaves room for the others. */
  maxConcurrentPerOwner: number
  /** How many jobs may wait. */
  maxQueued: number
}

/**
 * The job queue of a single process: first in, first out among the jobs whose provider and whose owner have room. The
 * waiting jobs stand in lanes, one for each owner and provider (docs/decisions/2026-11-23-queue-lanes.md).
 */
export class InProcessJobQueue implements JobQueue {
  readonly #options: InProcessJobQueueOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #running = new Set<Promise<void>>()
  readonly #runningByProvider = new Counts()
  readonly #runningByOwner = new Counts()
  #reserved = 0
  #waiting = 0
  #sequence = 0
  #handler: JobHandler | undefined
  #isClosed = false

  constructor(options: InProcessJobQueueOptions) {
    this.#options = options
  }

  async reserve(job: Omit<QueuedJob, 'id'>): Promise<QueueSlot> {
    const { maxQueued, maxConcurrent } = this.#options
    // This cannot overtake a waiting job: one that could run would be running already.
    if (this.#handler && this.#hasFreeSlot && this.#hasRoom(job)) return this.#startingSlot(job, this.#handler)
    // A free slot for a running job is room too: a job that takes one does not wait.
    const taken = this.#reserved + this.#waiting + this.#running.size
    if (taken >= maxQueued + maxConcurrent) throw new QueueFullError(`${maxQueued} jobs are waiting already`)
    this.#reserved++
    return {
      startsAtOnce: false,
      enqueue: async (stored) => {
        this.#reserved--
        await this.enqueue(stored)
      },
      release: () => {
        this.#reserved--
      },
    }
  }

  async enqueue(job: QueuedJob): Promise<void> {
    this.#lane(job).waiting.set(job.id, { sequence: this.#sequence++, traceparent: job.traceparent })
    this.#waiting++
    this.#startWaiting()
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    const missing = jobs.filter((job) => !this.#lanes.get(laneOf(job))?.waiting.has(job.id))
    for (const job of missing) await this.enqueue(job)
    return missing.length
  }

  async remove(job: QueuedJob): Promise<void> {
    if (this.#lanes.get(laneOf(job))?.waiting.delete(job.id)) this.#waiting--
  }

  start(handler: JobHandler): void {
    this.#handler = handler
    this.#startWaiting()
  }

  async requestStop(jobId: string): Promise<boolean> {
    return (await this.#handler?.stop(jobId)) ?? false
  }

  async countWaiting(): Promise<number> {
    return this.#waiting
  }

  async countWorkers(): Promise<number> {
    return this.#handler && !this.#isClosed ? 1 : 0
  }

  async checkHealth(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
  }

  #startWaiting(): void {
    const handler = this.#handler
    while (handler && this.#hasFreeSlot) {
      const next = this.#next()
      if (!next) return
      const { lane, id, traceparent } = next
      lane.waiting.delete(id)
      this.#waiting--
      void handler.run({ id, traceparent }).finally(this.#occupy(lane))
    }
  }

  get #hasFreeSlot(): boolean {
    return !this.#isClosed && this.#running.size < this.#options.maxConcurrent
  }

  #hasRoom({ provider, owner }: Omit<QueuedJob, 'id'>): boolean {
    const { maxConcurrentPerProvider, maxConcurrentPerOwner } = this.#options
    if (this.#runningByProvider.of(provider) >= maxConcurrentPerProvider) return false
    return owner === undefined || this.#runningByOwner.of(owner) < maxConcurrentPerOwner
  }

  #lane({ provider, owner }: QueuedJob): Lane {
    const name = laneOf({ provider, owner })
    let lane = this.#lanes.get(name)
    if (!lane) {
      lane = { provider, owner, waiting: new Map() }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  /** The job that has waited longest among those whose provider and owner have room. */
  #next(): NextJob | undefined {
    let next: NextJob | undefined
    for (const lane of this.#lanes.values()) {
      if (!this.#hasRoom(lane)) continue
      for (const [id, job] of lane.waiting) {
        if (!next || job.sequence < next.sequence) next = { lane, id, ...job }
        break
      }
    }
    return next
  }

  /** A slot that is counted as running from now on, so that no other job takes it. */
  #startingSlot(job: Omit<QueuedJob, 'id'>, handler: JobHandler): QueueSlot {
    const release = this.#occupy(job)
    return {
      startsAtOnce: true,
      enqueue: async ({ id, traceparent }, running) => {
        void handler.run({ id, traceparent, running }).finally(release)
      },
      release,
    }
  }

  /** Counts a job as running; the returned function ends that. */
  #occupy({ provider, owner }: Omit<QueuedJob, 'id'>): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#runningByProvider.add(provider, 1)
    if (owner !== undefined) this.#runningByOwner.add(owner, 1)
    this.#running.add(promise)
    return () => {
      this.#runningByProvider.add(provider, -1)
      if (owner !== undefined) this.#runningByOwner.add(owner, -1)
      this.#running.delete(promise)
      resolve()
      this.#startWaiting()
    }
  }
}

/** The waiting jobs of one owner for one provider. */
interface Lane {
  readonly provider: string
  readonly owner: string | undefined
  /** By id, in the order of arrival. */
  readonly waiting: Map<string, WaitingJob>
}

interface WaitingJob {
  /** Its number in the order of arrival of all jobs. */
  readonly sequence: number
  readonly traceparent: string | undefined
}

interface NextJob extends WaitingJob {
  readonly lane: Lane
  readonly id: string
}

/** The two names cannot run into each other: no caller's name has a space. */
function laneOf({ provider, owner = '' }: Omit<QueuedJob, 'id'>): string {
  return `${owner} ${provider}`
}
