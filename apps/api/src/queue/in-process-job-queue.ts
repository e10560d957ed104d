import { Counts } from '../base/counts.ts'
import type { StoredRunningJob } from '../jobs/job.ts'
import {
  type HandedJob,
  type JobHandler,
  type JobQueue,
  type PutBack,
  type QueuedJob,
  QueueFullError,
  type QueueSlot,
  type RefusedCall,
  type ToldLimits,
} from '../jobs/ports/job-queue.ts'
import { LocalPaces } from './local-paces.ts'

/** Node's timers take no longer time. */
const MAX_TIMER_MS = 2_147_483_647

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
 * waiting jobs stand in lanes, one for each owner, provider and model (docs/decisions/2026-11-23-queue-lanes.md). A lane whose
 * vendor refuses calls, or takes no more, starts its jobs at a pace (docs/decisions/2026-11-27-paced.md).
 */
export class InProcessJobQueue implements JobQueue {
  readonly #options: InProcessJobQueueOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #running = new Set<Promise<void>>()
  readonly #runningByProvider = new Counts()
  readonly #runningByOwner = new Counts()
  readonly #paces = new LocalPaces(() => this.#startWaiting())
  /** Jobs that wait until a time, each with its timer. */
  readonly #delayed = new Map<string, NodeJS.Timeout>()
  #reserved = 0
  #waiting = 0
  #sequence = 0
  #handler: JobHandler | undefined
  readonly #started = Promise.withResolvers<JobHandler | undefined>()
  #isClosed = false

  constructor(options: InProcessJobQueueOptions) {
    this.#options = options
  }

  async reserve(job: Omit<QueuedJob, 'id'>): Promise<QueueSlot> {
    const { maxQueued, maxConcurrent } = this.#options
    // This cannot overtake a waiting job: one that could run would be running already.
    if (this.#handler && this.#hasFreeSlot && this.#hasRoom(job) && !this.#isHeldBack(job)) {
      return this.#startingSlot(job, this.#handler)
    }
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
    if (job.notBefore !== undefined) {
      this.#delay(job, job.notBefore)
      return
    }
    this.#lane(job).waiting.set(job.id, { sequence: this.#sequence++, traceparent: job.traceparent })
    this.#waiting++
    this.#startWaiting()
  }

  #delay(job: QueuedJob, notBefore: number): void {
    if (this.#isClosed) return
    const waitMs = Math.min(Math.max(0, notBefore - Date.now()), MAX_TIMER_MS)
    const timer = setTimeout(() => {
      this.#delayed.delete(job.id)
      this.#lane(job).again.set(job.id, { sequence: this.#sequence++, traceparent: job.traceparent })
      this.#startWaiting()
    }, waitMs)
    this.#delayed.set(job.id, timer)
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    const missing = jobs.filter((job) => !this.#has(job))
    for (const job of missing) await this.enqueue(job)
    return missing.length
  }

  async remove(job: QueuedJob): Promise<void> {
    clearTimeout(this.#delayed.get(job.id))
    this.#delayed.delete(job.id)
    for (const lane of this.#lanesOf(job)) {
      lane.again.delete(job.id)
      if (lane.waiting.delete(job.id)) this.#waiting--
      this.#forgetIfEmpty(lane)
    }
  }

  /** Callers may choose the names of models, so there may be any number of lanes. */
  #forgetIfEmpty(lane: Lane): void {
    if (lane.waiting.size === 0 && lane.again.size === 0) this.#lanes.delete(laneOf(lane))
  }

  #has(job: QueuedJob): boolean {
    return (
      this.#delayed.has(job.id) ||
      this.#lanesOf(job).some(({ waiting, again }) => waiting.has(job.id) || again.has(job.id))
    )
  }

  /** A caller that removes a job may not name its model. */
  #lanesOf({ provider, owner }: QueuedJob): Lane[] {
    return [...this.#lanes.values()].filter((lane) => lane.provider === provider && lane.owner === owner)
  }

  async resume(job: QueuedJob, running: StoredRunningJob): Promise<void> {
    const release = this.#occupy(job)
    const handler = await this.#started.promise
    if (handler && !this.#isClosed) await this.#run(handler, { id: job.id, running }, job, release)
    else release()
  }

  start(handler: JobHandler): void {
    this.#handler = handler
    this.#started.resolve(handler)
    this.#startWaiting()
  }

  async requestStop(jobId: string): Promise<boolean> {
    return (await this.#handler?.stop(jobId)) ?? false
  }

  async countWaiting(): Promise<number> {
    return this.#waiting
  }

  callRefused(call: RefusedCall): void {
    this.#paces.refused(call)
  }

  limitsTold(limits: ToldLimits): void {
    this.#paces.limitsTold(limits)
  }

  async countWaitingForVendors(): Promise<number> {
    let count = this.#delayed.size
    for (const { again } of this.#lanes.values()) count += again.size
    return count
  }

  async countWorkers(): Promise<number> {
    return this.#handler && !this.#isClosed ? 1 : 0
  }

  async checkHealth(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true
    this.#started.resolve(undefined)
    this.#paces.close()
    for (const timer of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
    await Promise.all(this.#running)
  }

  #startWaiting(): void {
    const handler = this.#handler
    while (handler && this.#hasFreeSlot) {
      const next = this.#next()
      if (!next) return
      const { lane, id, traceparent } = next
      if (lane.waiting.delete(id)) this.#waiting--
      lane.again.delete(id)
      this.#forgetIfEmpty(lane)
      const release = this.#occupy(lane)
      void this.#run(handler, { id, traceparent }, lane, release)
    }
  }

  /** Its slot is released before the job waits again, so that others may take it. */
  async #run(handler: JobHandler, job: HandedJob, lane: Omit<QueuedJob, 'id'>, release: () => void): Promise<void> {
    let putBack: PutBack | undefined
    try {
      putBack = await handler.run(job)
    } finally {
      release()
    }
    if (putBack) this.#delay({ ...lane, id: job.id, traceparent: job.traceparent }, putBack.notBefore)
  }

  get #hasFreeSlot(): boolean {
    return !this.#isClosed && this.#running.size < this.#options.maxConcurrent
  }

  #hasRoom({ provider, model, owner }: Omit<QueuedJob, 'id'>): boolean {
    const { maxConcurrentPerProvider, maxConcurrentPerOwner } = this.#options
    if (this.#runningByProvider.of(provider) >= maxConcurrentPerProvider) return false
    if (owner !== undefined && this.#runningByOwner.of(owner) >= maxConcurrentPerOwner) return false
    return this.#paces.mayStart(provider, model)
  }

  /** Whether jobs of the same provider and model wait for their turn at a pace, in whose place a new one must not start. */
  #isHeldBack({ provider, model }: Omit<QueuedJob, 'id'>): boolean {
    if (!this.#paces.isPaced(provider, model)) return false
    return [...this.#lanes.values()].some((lane) => lane.provider === provider && lane.model === model)
  }

  #lane({ provider, model, owner }: QueuedJob): Lane {
    const name = laneOf({ provider, model, owner })
    let lane = this.#lanes.get(name)
    if (!lane) {
      lane = { provider, model, owner, waiting: new Map(), again: new Map() }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  /** The job that has waited longest among those whose provider and owner have room. */
  #next(): NextJob | undefined {
    let next: NextJob | undefined
    for (const lane of this.#lanes.values()) {
      const [first] = lane.again.size > 0 ? lane.again : lane.waiting
      if (!first || !this.#hasRoom(lane)) continue
      const [id, job] = first
      if (!next || job.sequence < next.sequence) next = { lane, id, ...job }
    }
    return next
  }

  /** A slot that is counted as running from now on, so that no other job takes it. */
  #startingSlot(job: Omit<QueuedJob, 'id'>, handler: JobHandler): QueueSlot {
    const release = this.#occupy(job)
    return {
      startsAtOnce: true,
      enqueue: async ({ id, traceparent }, running) => {
        void this.#run(handler, { id, traceparent, running }, job, release)
      },
      release,
    }
  }

  /** Counts a job as running; the returned function ends that. */
  #occupy({ provider, model, owner }: Omit<QueuedJob, 'id'>): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#runningByProvider.add(provider, 1)
    if (owner !== undefined) this.#runningByOwner.add(owner, 1)
    this.#running.add(promise)
    this.#paces.started(provider, model)
    return () => {
      this.#runningByProvider.add(provider, -1)
      if (owner !== undefined) this.#runningByOwner.add(owner, -1)
      this.#running.delete(promise)
      resolve()
      this.#startWaiting()
    }
  }
}

/** The waiting jobs of one owner for one provider and model. */
interface Lane {
  readonly provider: string
  readonly model: string | undefined
  readonly owner: string | undefined
  /** By id, in the order of arrival. */
  readonly waiting: Map<string, WaitingJob>
  /** Jobs that waited for their vendor, whose time has come. They go first: their patience has an end. */
  readonly again: Map<string, WaitingJob>
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

/** The names cannot run into each other: no name of a caller or provider has a space. */
function laneOf({ provider, model = '', owner = '' }: Omit<QueuedJob, 'id'>): string {
  return `${owner} ${provider} ${model}`
}
