import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { Counts } from '../base/counts.ts'
import type { Logger } from '../base/logger.ts'
import type { JobHandler } from '../jobs/ports/job-queue.ts'

interface BullmqWorkersOptions {
  /** One worker for each. */
  readonly lanes: readonly string[]
  /** With `maxRetriesPerRequest: null`: what a worker has to tell waits until Redis is back. */
  readonly redis: Redis
  readonly prefix: string
  readonly maxConcurrent: number
  readonly maxConcurrentPerProvider: number
  readonly maxConcurrentPerOwner: number
  readonly lockMs: number
  readonly logger: Pick<Logger, 'warn'>
}

/** What the workers have to tell Redis when they end may take this long, in milliseconds. */
const LAST_COMMANDS_MS = 1_000
const RETRY_MS = 1_000
/** How long a job is put off whose owner has no room, in milliseconds: as long as it has waited, within these bounds. */
const SHORTEST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000

/** What goes with a job. */
const JobData = z.object({ owner: z.string().optional(), traceparent: z.string().optional() })

/**
 * Hands the jobs of all lanes to the handler. BullMQ bounds each lane; this bounds all of them together: a job that finds no
 * room here is given back, for a process that has some, and its lane takes none until a run has ended. A job whose owner has as
 * many running as may is put off, so that its lane goes on with the jobs of others.
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
    const { lanes, redis, prefix, maxConcurrent, maxConcurrentPerProvider, lockMs, logger } = options
    this.#maxConcurrent = maxConcurrent
    this.#maxConcurrentPerOwner = options.maxConcurrentPerOwner
    this.#redis = redis
    this.#logger = logger
    this.#workers = lanes.map((lane) => {
      const worker: Worker = new Worker(lane, (job, token) => this.#process(job, token, worker, handler), {
        connection: redis,
        prefix,
        concurrency: Math.min(maxConcurrentPerProvider, maxConcurrent),
        lockDuration: lockMs,
        stalledInterval: lockMs,
        // Handed out again as often as it takes: whether a job still waits is for its record to say.
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        runRetryDelay: RETRY_MS,
      })
      worker.on('error', (error) => this.#report(error, lane))
      return worker
    })
  }

  /** Takes no further job; resolves when the running ones have ended, also while Redis is away. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closed = Promise.allSettled(this.#workers.map((worker) => worker.close()))
    await Promise.all(this.#running)
    await within(LAST_COMMANDS_MS, closed)
    // Without this, those that could not say good-bye would go on connecting.
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
        // It does not see that its loop has ended if that happens just now.
        setImmediate(() => {
          if (!this.#isClosed && !worker.isRunning() && !worker.isPaused()) {
            worker.run().catch((error: unknown) => this.#report(error, worker.name))
          }
        })
      })
    }
  }

  #report(error: unknown, lane: string): void {
    // That Redis is away is told by its connection.
    if (this.#redis.status === 'ready') this.#logger.warn({ err: error, lane }, 'a worker of the queue had a failure')
  }
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(limitMs, undefined, { ref: false })])
}
