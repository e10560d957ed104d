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
import { warnOfEviction } from '../redis/eviction-policy.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'
import { BullmqWorkers } from './bullmq-workers.ts'
import { WaitingCount } from './waiting-count.ts'

export interface BullmqJobQueueOptions {
  readonly url: string
  /** The prefix of all keys and channels. */
  readonly prefix: string
  /** The providers whose jobs this process can run. */
  readonly providers: readonly string[]
  /** How many jobs run at once in this process. */
  readonly maxConcurrent: number
  /** How many jobs of one provider run at once in this process. */
  readonly maxConcurrentPerProvider: number
  /** How many jobs of one caller run at once in this process. */
  readonly maxConcurrentPerOwner: number
  /** How many jobs may wait for their turn, in all processes together; a few more may when several add at once. */
  readonly maxQueued: number
  /** How long a process may fail to renew the lock of a job before the job is handed to another, in milliseconds. */
  readonly lockMs: number
  readonly logger: Logger
}

/** Redis keeps nothing of a job that has run: the record has everything. */
const FORGET = { removeOnComplete: true, removeOnFail: true }

/** States of a job of BullMQ that end in its being handed to a worker. */
const DELIVERABLE: ReadonlySet<string> = new Set(['active', 'delayed', 'prioritized', 'waiting'])
/** How many entries of a list of waiting jobs are read at once. */
const IDS_PER_PIECE = 1_000
/** How long the key lives that is written to see whether Redis takes writes, in milliseconds. */
const PROBE_MS = 60_000

/**
 * The job queue of several processes: a BullMQ queue for each provider. A BullMQ job holds the id of our job, its owner and its
 * position in a trace, and nothing else, so that a job may be added twice or handed out twice without harm.
 */
export class BullmqJobQueue implements JobQueue {
  readonly #redis: Redis
  readonly #options: BullmqJobQueueOptions
  readonly #keyPrefix: string
  readonly #stopChannel: string
  readonly #queues = new Map<string, Queue>()
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
    // All providers: their waiting jobs count, even if this process adds none.
    for (const provider of options.providers) this.#queue(provider)
  }

  /** @throws UnreachableError */
  static async open(options: BullmqJobQueueOptions): Promise<BullmqJobQueue> {
    const redis = await connectRedis({ ...options, name: 'queue' }, FAIL_FAST)
    await warnOfEviction(redis, options.logger)
    return new BullmqJobQueue(redis, options)
  }

  /** No job starts at once: it goes to whichever process has room. */
  async reserve(): Promise<QueueSlot> {
    const { maxQueued } = this.#options
    // Even if the last count is still fresh: jobs must not pile up while nobody can run them.
    if (this.#redis.status !== 'ready') throw new QueueUnavailableError()
    if (!(await unlessAway(() => this.#waiting.reserve(maxQueued)))) {
      throw new QueueFullError(`${maxQueued} jobs are waiting already`)
    }
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
      await this.#queue(provider).add('job', { owner, traceparent }, { jobId: id, ...FORGET })
    } catch (error) {
      this.#options.logger.warn(
        { err: error, jobId: id },
        'could not queue the job; it will be queued when Redis is back',
      )
    }
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    return await unlessAway(async () => {
      const missing = await this.#missing(jobs)
      for (const provider of new Set(missing.map((job) => job.provider))) {
        const jobsOfProvider = missing.filter((job) => job.provider === provider)
        await this.#queue(provider).addBulk(
          jobsOfProvider.map(({ id, owner }) => ({ name: 'job', data: { owner }, opts: { jobId: id, ...FORGET } })),
        )
      }
      return missing.length
    })
  }

  /**
   * The jobs that no worker will be handed. A job counts as queued only if it is in one of the lists that workers read: its key
   * may be there although a list was lost.
   */
  async #missing(jobs: readonly QueuedJob[]): Promise<readonly QueuedJob[]> {
    const missing: QueuedJob[] = []
    for (const job of await this.#notListed(jobs)) {
      const queue = this.#queue(job.provider)
      if (DELIVERABLE.has(await queue.getJobState(job.id))) continue
      // BullMQ adds no job whose key exists.
      await queue.remove(job.id)
      missing.push(job)
    }
    return missing
  }

  /**
   * The jobs that are not in the lists of waiting jobs. The lists are read piece by piece: to ask for the state of each job would
   * search a list for each, which took 13 s at the start of a process that found 5,000 jobs in the queue.
   */
  async #notListed(jobs: readonly QueuedJob[]): Promise<readonly QueuedJob[]> {
    const notListed = new Map(jobs.map((job) => [job.id, job]))
    for (const [provider, ofProvider] of Map.groupBy(jobs, (job) => job.provider)) {
      const key = this.#queue(provider).toKey('wait')
      let piece: string[]
      let left = ofProvider.length
      // From the end, where the oldest jobs are: they are asked for most.
      let end = -1
      do {
        piece = await this.#redis.lrange(key, end - IDS_PER_PIECE + 1, end)
        for (const id of piece) if (notListed.delete(id)) left--
        end -= IDS_PER_PIECE
      } while (left > 0 && piece.length === IDS_PER_PIECE)
    }
    return [...notListed.values()]
  }

  async remove({ id, provider }: QueuedJob): Promise<void> {
    // A job that was handed out, or that cannot be removed while Redis is away, finds its record changed.
    await this.#queue(provider)
      .remove(id)
      .catch(() => {})
  }

  start(handler: JobHandler): void {
    const { url, logger, providers } = this.#options
    this.#handler = handler
    this.#workerRedis = newRedis({ url, logger, name: 'worker' }, { maxRetriesPerRequest: null })
    this.#workers = new BullmqWorkers(handler, {
      ...this.#options,
      queues: providers.map(queueNameOf),
      redis: this.#workerRedis,
      prefix: this.#keyPrefix,
    })
    this.#subscriptions = new RedisSubscriptions(
      newRedis({ url, logger, name: 'stop' }, { ...FAIL_FAST, autoResubscribe: false }),
    )
    this.#subscriptions.add(this.#stopChannel, {
      // The asking process looks the record up and repeats the request.
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

  async countWorkers(): Promise<number> {
    // Each worker process has a worker of BullMQ for each provider.
    const counts = await unlessAway(() =>
      Promise.all([...this.#queues.values()].map((queue) => queue.getWorkersCount())),
    )
    return Math.max(0, ...counts)
  }

  async checkHealth(): Promise<void> {
    // Written, because a Redis that is full or a replica still answers.
    await unlessAway(() => this.#redis.set(`${this.#options.prefix}probe`, '', 'PX', PROBE_MS))
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#workers?.close()
    this.#subscriptions?.close()
    this.#workerRedis?.disconnect()
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()))
    this.#redis.disconnect()
  }

  #queue(provider: string): Queue {
    let queue = this.#queues.get(provider)
    if (!queue) {
      const options = { connection: this.#redis, prefix: this.#keyPrefix, skipVersionCheck: true }
      queue = new Queue(queueNameOf(provider), options)
      // Each command reports its own failure, and the connection logs that Redis is away.
      queue.on('error', () => {})
      this.#queues.set(provider, queue)
    }
    return queue
  }

  async #countWaiting(): Promise<number> {
    const queues = [...this.#queues.values()]
    const counts = [
      ...(await this.#counts(
        'llen',
        queues.map((queue) => queue.toKey('wait')),
      )),
      // Delayed jobs wait as well.
      ...(await this.#counts(
        'zcard',
        queues.map((queue) => queue.toKey('delayed')),
      )),
    ]
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** One number for each key, in one round trip. */
  async #counts(command: 'llen' | 'zcard', keys: readonly string[]): Promise<number[]> {
    const replies = await this.#redis.pipeline(keys.map((key) => [command, key])).exec()
    return (replies ?? []).map(([error, count]) => {
      if (error) throw error
      return Number(count)
    })
  }
}

/** The name of a provider's queue. BullMQ does not allow a colon in it. */
function queueNameOf(provider: string): string {
  return encodeURIComponent(provider)
}

async function unlessAway<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    throw new QueueUnavailableError(error)
  }
}
