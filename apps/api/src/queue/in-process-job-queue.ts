import { Counts } from '../base/counts.ts'
import {
  type JobHandler,
  type JobQueue,
  type QueuedJob,
  QueueFullError,
  type QueuePlace,
  type TakenWorker,
} from '../jobs/ports/job-queue.ts'

interface InProcessJobQueueOptions {
  /** How many jobs run at once. */
  maxConcurrent: number
  /** How many jobs of one provider run at once, so that one that is stuck leaves room for the others. */
  maxConcurrentPerProvider: number
  /** How many jobs of one caller run at once, so that one who has many leaves room for the others. */
  maxConcurrentPerOwner: number
  /** How many jobs may wait for their turn. */
  maxQueued: number
}

/** Job queue of a single process: first in, first out among the jobs whose provider and whose owner have room. */
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

  takeWorker(job: Omit<QueuedJob, 'id'>): TakenWorker | undefined {
    // Nobody is passed over: whoever waits and has room would have begun already.
    return this.#handler && this.#hasFreeWorker && this.#hasRoom(job) ? this.#takeWorker(job) : undefined
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
      const { lane, id, traceparent } = next
      lane.waiting.delete(id)
      this.#waiting--
      this.#takeWorker(lane).run(() => handler.run(id, traceparent))
    }
  }

  get #hasFreeWorker(): boolean {
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

  /** The job that has waited longest, of those whose provider and owner have room. */
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

  #takeWorker({ provider, owner }: Omit<QueuedJob, 'id'>): TakenWorker {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#runningByProvider.add(provider, 1)
    if (owner !== undefined) this.#runningByOwner.add(owner, 1)
    this.#running.add(promise)
    const release = () => {
      this.#runningByProvider.add(provider, -1)
      if (owner !== undefined) this.#runningByOwner.add(owner, -1)
      this.#running.delete(promise)
      resolve()
      this.#startWaiting()
    }
    return { run: (run) => void run().finally(release), release }
  }
}

/** The jobs of one caller for one provider. */
interface Lane {
  readonly provider: string
  readonly owner: string | undefined
  /** By id, in the order of arrival. */
  readonly waiting: Map<string, WaitingJob>
}

interface WaitingJob {
  /** When it came, in the count of all jobs. */
  readonly sequence: number
  readonly traceparent: string | undefined
}

interface NextJob extends WaitingJob {
  readonly lane: Lane
  readonly id: string
}

/** No name of a caller has a space. */
function laneOf({ provider, owner = '' }: Omit<QueuedJob, 'id'>): string {
  return `${owner} ${provider}`
}
