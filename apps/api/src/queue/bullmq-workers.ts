import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { Counts } from '../base/counts.ts'
import type { Logger } from '../base/logger.ts'
import type { StoredRunningJob } from '../jobs/job.ts'
import type { JobHandler, PutBack, QueuedJob } from '../jobs/ports/job-queue.ts'
import type { ParkedJobs } from './parked-jobs.ts'
import type { RedisPaces } from './redis-paces.ts'
import type { VendorWaits } from './vendor-waits.ts'

interface BullmqWorkersOptions {
  /** The BullMQ queues, one for each provider. Each gets a BullMQ worker. */
  readonly queues: readonly string[]
  /** Opened with `maxRetriesPerRequest: null`, so that a worker's commands wait until Redis is back. */
  readonly redis: Redis
  readonly prefix: string
  readonly paces: RedisPaces
  readonly parked: ParkedJobs
  readonly vendorWaits: VendorWaits
  readonly maxConcurrent: number
  readonly maxConcurrentPerProvider: number
  readonly maxConcurrentPerOwner: number
  readonly lockMs: number
  readonly logger: Pick<Logger, 'warn'>
}

/** How long the last commands of the workers may take when they close, in milliseconds. */
const LAST_COMMANDS_MS = 1_000
const RETRY_MS = 1_000
/** A job whose owner has no room is delayed for as long as it has waited so far, within these bounds, in milliseconds. */
const SHORTEST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000

/** The data of a job in Redis. */
const JobData = z.object({
  model: z.string().optional(),
  owner: z.string().optional(),
  traceparent: z.string().optional(),
  /** Whether the job has waited for its turn, see `ParkedJobs`. */
  wasParked: z.boolean().optional(),
})

/**
 * Hands the jobs of all providers to the handler. BullMQ bounds the running jobs of each provider; this class bounds all of
 * them together. A job that finds no free slot is given back for another process, and its provider's worker pauses until a
 * run has ended. A job whose owner has no room is delayed, so that the jobs of other owners go on, and so is a job whose vendor
 * told it to wait. A job before its turn at the pace of its provider and model is parked.
 */
export class BullmqWorkers {
  readonly #handler: JobHandler
  readonly #workers: readonly Worker[]
  readonly #options: BullmqWorkersOptions
  readonly #maxConcurrent: number
  readonly #maxConcurrentPerOwner: number
  readonly #redis: Redis
  readonly #logger: Pick<Logger, 'warn'>
  readonly #running = new Set<Promise<void>>()
  readonly #runningByOwner = new Counts()
  readonly #paused = new Set<Worker>()
  #isClosed = false

  constructor(handler: JobHandler, options: BullmqWorkersOptions) {
    this.#handler = handler
    const { queues, redis, prefix, maxConcurrent, maxConcurrentPerProvider, lockMs, logger } = options
    this.#options = options
    this.#maxConcurrent = maxConcurrent
    this.#maxConcurrentPerOwner = options.maxConcurrentPerOwner
    this.#redis = redis
    this.#logger = logger
    this.#workers = queues.map((queue) => {
      const worker: Worker = new Worker(queue, (job, token) => this.#process(job, token, worker), {
        connection: redis,
        prefix,
        concurrency: Math.min(maxConcurrentPerProvider, maxConcurrent),
        lockDuration: lockMs,
        stalledInterval: lockMs,
        // No limit: the record of a job decides whether it still waits.
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        runRetryDelay: RETRY_MS,
      })
      worker.on('error', (error) => this.#report(error, queue))
      return worker
    })
  }

  /** Takes no further job, and resolves when the running jobs have ended, even while Redis is away. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closed = Promise.allSettled(this.#workers.map((worker) => worker.close()))
    await Promise.all(this.#running)
    await within(LAST_COMMANDS_MS, closed)
    // Workers whose last commands failed would otherwise go on reconnecting.
    await within(LAST_COMMANDS_MS, Promise.allSettled(this.#workers.map((worker) => worker.disconnect())))
  }

  async #process(job: Job, token: string | undefined, worker: Worker): Promise<void> {
    const { id } = job
    if (id === undefined) return
    if (this.#isClosed || this.#running.size >= this.#maxConcurrent) {
      this.#paused.add(worker)
      await worker.pause(true)
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const data = JobData.parse(job.data)
    const { owner } = data
    if (owner !== undefined && this.#runningByOwner.of(owner) >= this.#maxConcurrentPerOwner) {
      const waitedMs = Date.now() - job.timestamp
      const delayMs = Math.min(Math.max(waitedMs, SHORTEST_DELAY_MS), LONGEST_DELAY_MS)
      await job.moveToDelayed(Date.now() + delayMs, token)
      throw new DelayedError()
    }
    const provider = decodeURIComponent(worker.name)
    const { putBack, next } = await this.#run(this.#atItsTurn(id, provider, data), owner)
    const { parked, vendorWaits } = this.#options
    if (next !== undefined) await parked.park(job, token, { provider, model: data.model }, next)
    else if (putBack) {
      await vendorWaits.add(id, putBack.notBefore)
      await job.moveToDelayed(putBack.notBefore, token)
    } else return
    throw new DelayedError()
  }

  /** Runs a job that was taken over. It takes a slot, also if none is free. */
  async resume({ id, owner }: QueuedJob, running: StoredRunningJob): Promise<void> {
    // A job that waits again is not in its queue, and is added to it when the waiting jobs are checked next.
    if (!this.#isClosed) await this.#run(this.#handler.run({ id, running }), owner)
  }

  async #run<Outcome>(work: Promise<Outcome>, owner: string | undefined): Promise<Outcome> {
    if (owner !== undefined) this.#runningByOwner.add(owner, 1)
    const ended = () => {
      if (owner !== undefined) this.#runningByOwner.add(owner, -1)
      this.#running.delete(run)
      this.#resume()
    }
    const run = work.then(ended, ended)
    this.#running.add(run)
    return await work
  }

  /** How many more jobs can run here now. */
  get freeSlots(): number {
    return this.#isClosed ? 0 : this.#maxConcurrent - this.#running.size
  }

  /**
   * Runs a job, if it may start now. It never rejects.
   * @returns `next`: when a turn may be asked for again, if the job may not start
   */
  async #atItsTurn(
    id: string,
    provider: string,
    { model, traceparent, wasParked }: z.infer<typeof JobData>,
  ): Promise<{ putBack?: PutBack | undefined; next?: number }> {
    const { paces, parked } = this.#options
    if (!wasParked || !(await parked.hasTurn(id, { provider, model }))) {
      const { turns, next } = await paces.take(provider, model)
      const [turn] = turns
      if (turn === undefined) return { next }
      if (turn > Date.now()) await sleep(turn - Date.now())
    }
    return { putBack: await this.#handler.run({ id, traceparent }) }
  }

  #resume(): void {
    for (const worker of this.#paused) {
      this.#paused.delete(worker)
      if (this.#isClosed) continue
      void worker.resume().then(() => {
        // BullMQ does not restart its loop if the loop ends at this very moment.
        setImmediate(() => {
          if (!this.#isClosed && !worker.isRunning() && !worker.isPaused()) {
            worker.run().catch((error: unknown) => this.#report(error, worker.name))
          }
        })
      })
    }
  }

  #report(error: unknown, queue: string): void {
    // While Redis is away, its connection logs that.
    if (this.#redis.status === 'ready') this.#logger.warn({ err: error, queue }, 'a BullMQ worker failed')
  }
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(limitMs, undefined, { ref: false })])
}
