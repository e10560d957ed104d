import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { Counts } from '../base/counts.ts'
import type { Logger } from '../base/logger.ts'
import type { JobHandler } from '../jobs/ports/job-queue.ts'

interface BullmqWorkersOptions {
  /** The BullMQ queues, one for each provider. Each gets a BullMQ worker. */
  readonly queues: readonly string[]
  /** Opened with `maxRetriesPerRequest: null`, so that a worker's commands wait until Redis is back. */
  readonly redis: Redis
  readonly prefix: string
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
const JobData = z.object({ owner: z.string().optional(), traceparent: z.string().optional() })

/**
 * Hands the jobs of all providers to the handler. BullMQ bounds the running jobs of each provider; this class bounds all of
 * them together. A job that finds no free slot is given back for another process, and its provider's worker pauses until a
 * run has ended. A job whose owner has no room is delayed, so that the jobs of other owners go on.
 */
export class BullmqWorkers {
  readonly #workers: readonly Worker[]
  readonly #maxConcurrent: number
  readonly #maxConcurrentPerOwner: number
  readonly #redis: Redis
  readonly #logger: Pick<Logger, 'warn'>
  readonly #running = new Set<Promise<void>>()
  readonly #runningByOwner = new Counts()
  readonly #paused = new Set<Worker>()
  #isClosed = false

  constructor(handler: JobHandler, options: BullmqWorkersOptions) {
    const { queues, redis, prefix, maxConcurrent, maxConcurrentPerProvider, lockMs, logger } = options
    this.#maxConcurrent = maxConcurrent
    this.#maxConcurrentPerOwner = options.maxConcurrentPerOwner
    this.#redis = redis
    this.#logger = logger
    this.#workers = queues.map((queue) => {
      const worker: Worker = new Worker(queue, (job, token) => this.#process(job, token, worker, handler), {
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

  async #process(job: Job, token: string | undefined, worker: Worker, handler: JobHandler): Promise<void> {
    const { id } = job
    if (id === undefined) return
    if (this.#isClosed || this.#running.size >= this.#maxConcurrent) {
      this.#paused.add(worker)
      await worker.pause(true)
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const { owner, traceparent } = JobData.parse(job.data)
    if (owner !== undefined && this.#runningByOwner.of(owner) >= this.#maxConcurrentPerOwner) {
      const waitedMs = Date.now() - job.timestamp
      const delayMs = Math.min(Math.max(waitedMs, SHORTEST_DELAY_MS), LONGEST_DELAY_MS)
      await job.moveToDelayed(Date.now() + delayMs, token)
      throw new DelayedError()
    }
    if (owner !== undefined) this.#runningByOwner.add(owner, 1)
    const run = handler.run({ id, traceparent }).finally(() => {
      if (owner !== undefined) this.#runningByOwner.add(owner, -1)
      this.#running.delete(run)
      this.#resume()
    })
    this.#running.add(run)
    await run
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
