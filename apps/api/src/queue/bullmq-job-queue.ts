import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import {
  type JobHandler,
  type JobQueue,
  type QueuedJob,
  QueueFullError,
  type QueueSlot,
  QueueUnavailableError,
} from '../jobs/ports/job-queue.ts'
import { connectRedis, FAIL_FAST, newRedis } from '../redis/connect-redis.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'
import { BullmqWorkers } from './bullmq-workers.ts'
import { WaitingCount } from './waiting-count.ts'

export interface BullmqJobQueueOptions {
  readonly url: string
  /** What all keys and channels begin with. */
  readonly prefix: string
  /** The providers whose jobs can be run here. */
  readonly providers: readonly string[]
  /** How many jobs run at once in this process. */
  readonly maxConcurrent: number
  /** How many jobs of one provider run at once in this process. */
  readonly maxConcurrentPerProvider: number
  /** How many jobs of one caller run at once in this process. */
  readonly maxConcurrentPerOwner: number
  /** How many jobs may wait for their turn, in all processes together; a few more may when several add at once. */
  readonly maxQueued: number
  /** How long a process may be silent before the jobs that it was handed are handed to others, in milliseconds. */
  readonly lockMs: number
  readonly logger: Logger
}

/** Nothing of a job is kept in Redis once it was handed out and run: its record has everything. */
const FORGET = { removeOnComplete: true, removeOnFail: true }

/**
 * Job queue of several processes: a BullMQ queue for each provider. A job of BullMQ has the id of ours, whose it is, and where it
 * belongs in a trace, and nothing else, so adding one twice is harmless, and so is handing one out twice.
 */
export class BullmqJobQueue implements JobQueue {
  readonly #redis: Redis
  readonly #options: BullmqJobQueueOptions
  readonly #keyPrefix: string
  readonly #stopChannel: string
  readonly #lanes = new Map<string, Queue>()
  readonly #waiting: WaitingCount
  #handler: JobHandler | undefined
  #workers: BullmqWorkers | undefined
  #workerRedis: Redis | undefined
  #subscriptions: RedisSubscriptions | undefined
  #closed: Promise<void> | undefined

  private constructor(redis: Redis, options: BullmqJobQueueOptions) {
    this.#redis = redis
    this.#options = options
    this.#keyPrefix = `${options.prefix}queue`
    this.#stopChannel = `${options.prefix}stop`
    this.#waiting = new WaitingCount(() => this.#countWaiting())
    // All of them, as their jobs count though this process may add none.
    for (const provider of options.providers) this.#lane(provider)
  }

  /** @throws UnreachableError */
  static async open(options: BullmqJobQueueOptions): Promise<BullmqJobQueue> {
    return new BullmqJobQueue(await connectRedis({ ...options, name: 'queue' }, FAIL_FAST), options)
  }

  /** No job starts at once: it goes to whichever process has room. */
  async reserve(): Promise<QueueSlot> {
    const { maxQueued } = this.#options
    // Also when the last count is fresh enough: nothing is to be piled up that nobody can run.
    if (this.#redis.status !== 'ready') throw new QueueUnavailableError()
    if (!(await unlessAway(() => this.#waiting.reserve(maxQueued)))) throw new QueueFullError(maxQueued)
    return {
      startsAtOnce: false,
      enqueue: async (job) => {
        await this.enqueue(job)
        this.#waiting.enqueued()
      },
      release: () => this.#waiting.released(),
    }
  }

  async enqueue({ id, provider, owner, traceparent }: QueuedJob): Promise<void> {
    try {
      await this.#lane(provider).add('job', { owner, traceparent }, { jobId: id, ...FORGET })
    } catch (error) {
      this.#options.logger.warn({ err: error, jobId: id }, 'job not queued yet; it is as soon as Redis is back')
    }
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    return await unlessAway(async () => {
      const keys = jobs.map(({ id, provider }) => this.#lane(provider).toKey(id))
      const known = await this.#counts('exists', keys)
      const missing = jobs.filter((_, index) => known[index] === 0)
      for (const provider of new Set(missing.map((job) => job.provider))) {
        const jobsOfLane = missing.filter((job) => job.provider === provider)
        await this.#lane(provider).addBulk(
          jobsOfLane.map(({ id, owner }) => ({ name: 'job', data: { owner }, opts: { jobId: id, ...FORGET } })),
        )
      }
      return missing.length
    })
  }

  async remove({ id, provider }: QueuedJob): Promise<void> {
    // It may have been handed out by now, or Redis is away: then it finds its record changed.
    await this.#lane(provider)
      .remove(id)
      .catch(() => {})
  }

  start(handler: JobHandler): void {
    const { url, logger, providers } = this.#options
    this.#handler = handler
    this.#workerRedis = newRedis({ url, logger, name: 'worker' }, { maxRetriesPerRequest: null })
    this.#workers = new BullmqWorkers(handler, {
      ...this.#options,
      lanes: providers.map(laneOf),
      redis: this.#workerRedis,
      prefix: this.#keyPrefix,
    })
    this.#subscriptions = new RedisSubscriptions(
      newRedis({ url, logger, name: 'stop' }, { ...FAIL_FAST, autoResubscribe: false }),
    )
    this.#subscriptions.add(this.#stopChannel, {
      // Whoever asked looks at the record, and asks again.
      onMessage: (jobId) => void handler.stop(jobId).catch(() => {}),
      onSubscribed: () => {},
    })
  }

  async requestStop(jobId: string): Promise<boolean> {
    if (await this.#handler?.stop(jobId)) return true
    await unlessAway(() => this.#redis.publish(this.#stopChannel, jobId))
    return true
  }

  async countWaiting(): Promise<number> {
    return await unlessAway(() => this.#countWaiting())
  }

  async checkHealth(): Promise<void> {
    await unlessAway(() => this.#redis.ping())
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#workers?.close()
    this.#subscriptions?.close()
    this.#workerRedis?.disconnect()
    await Promise.allSettled([...this.#lanes.values()].map((lane) => lane.close()))
    this.#redis.disconnect()
  }

  #lane(provider: string): Queue {
    let lane = this.#lanes.get(provider)
    if (!lane) {
      const options = { connection: this.#redis, prefix: this.#keyPrefix, skipVersionCheck: true }
      lane = new Queue(laneOf(provider), options)
      // What fails is told to who asked for it, and that Redis is away by its connection.
      lane.on('error', () => {})
      this.#lanes.set(provider, lane)
    }
    return lane
  }

  async #countWaiting(): Promise<number> {
    const lanes = [...this.#lanes.values()]
    const counts = [
      ...(await this.#counts(
        'llen',
        lanes.map((lane) => lane.toKey('wait')),
      )),
      // Those that were put off wait as well.
      ...(await this.#counts(
        'zcard',
        lanes.map((lane) => lane.toKey('delayed')),
      )),
    ]
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** One number for each key, in one go. */
  async #counts(command: 'exists' | 'llen' | 'zcard', keys: readonly string[]): Promise<number[]> {
    const replies = await this.#redis.pipeline(keys.map((key) => [command, key])).exec()
    return (replies ?? []).map(([error, count]) => {
      if (error) throw error
      return Number(count)
    })
  }
}

/** The name of a provider's queue; a colon would not be allowed in it. */
function laneOf(provider: string): string {
  return encodeURIComponent(provider)
}

async function unlessAway<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    throw new QueueUnavailableError(error)
  }
}
