import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import type { StoredRunningJob } from '../jobs/job.ts'
import {
  type JobHandler,
  type JobQueue,
  type QueuedJob,
  QueueFullError,
  type QueueSlot,
  QueueUnavailableError,
  type RefusedCall,
  type ToldLimits,
} from '../jobs/ports/job-queue.ts'
import { connectRedis, FAIL_FAST, newRedis } from '../redis/connect-redis.ts'
import { warnOfEviction } from '../redis/eviction-policy.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'
import { BullmqWorkers } from './bullmq-workers.ts'
import { missingJobs } from './missing-jobs.ts'
import { ParkedJobs } from './parked-jobs.ts'
import { RedisPaces } from './redis-paces.ts'
import { VendorWaits } from './vendor-waits.ts'
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
  readonly #started = Promise.withResolvers<void>()
  readonly #paces: RedisPaces
  readonly #vendorWaits: VendorWaits
  #parked: ParkedJobs | undefined
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
    this.#paces = new RedisPaces(redis, options.prefix)
    this.#vendorWaits = new VendorWaits(redis, options.prefix)
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

  async enqueue(job: QueuedJob): Promise<void> {
    const { id, provider, model, owner, traceparent } = job
    try {
      await this.#queue(provider).add('job', { model, owner, traceparent }, await this.#optionsOf(job))
    } catch (error) {
      this.#options.logger.warn(
        { err: error, jobId: id },
        'could not queue the job; it will be queued when Redis is back',
      )
    }
  }

  async #optionsOf({ id, notBefore }: QueuedJob) {
    const delay = Math.max(0, (notBefore ?? 0) - Date.now())
    if (notBefore !== undefined && delay > 0) await this.#vendorWaits.add(id, notBefore)
    return { jobId: id, ...(delay > 0 && { delay }), ...FORGET }
  }

  async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    return await unlessAway(async () => {
      const missing = await missingJobs(jobs, this.#redis, (provider) => this.#queue(provider))
      for (const provider of new Set(missing.map((job) => job.provider))) {
        const jobsOfProvider = missing.filter((job) => job.provider === provider)
        await this.#queue(provider).addBulk(
          await Promise.all(
            jobsOfProvider.map(async (job) => {
              const { model, owner } = job
              return { name: 'job', data: { model, owner }, opts: await this.#optionsOf(job) }
            }),
          ),
        )
      }
      return missing.length
    })
  }

  async remove({ id, provider }: QueuedJob): Promise<void> {
    // A job that was handed out, or that cannot be removed while Redis is away, finds its record changed.
    await this.#queue(provider)
      .remove(id)
      .catch(() => {})
    await this.#vendorWaits.remove(id)
  }

  async resume(job: QueuedJob, running: StoredRunningJob): Promise<void> {
    await this.#started.promise
    await this.#workers?.resume(job, running)
  }

  start(handler: JobHandler): void {
    const { url, logger, providers } = this.#options
    this.#handler = handler
    this.#workerRedis = newRedis({ url, logger, name: 'worker' }, { maxRetriesPerRequest: null })
    const { prefix } = this.#options
    this.#parked = new ParkedJobs({
      redis: this.#redis,
      prefix,
      paces: this.#paces,
      queueOf: (provider) => this.#queue(provider),
      freeSlots: () => this.#workers?.freeSlots ?? 0,
    })
    this.#workers = new BullmqWorkers(handler, {
      ...this.#options,
      queues: providers.map(queueNameOf),
      redis: this.#workerRedis,
      paces: this.#paces,
      parked: this.#parked,
      vendorWaits: this.#vendorWaits,
      prefix: this.#keyPrefix,
    })
    this.#started.resolve()
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

  callRefused(call: RefusedCall): void {
    void this.#paces.refused(call)
  }

  limitsTold(limits: ToldLimits): void {
    void this.#paces.limitsTold(limits)
  }

  async countWaitingForVendors(): Promise<number> {
    return await unlessAway(() => this.#vendorWaits.count())
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
    this.#parked?.close()
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
    const all = counts.reduce((sum, count) => sum + count, 0)
    return Math.max(0, all - (await this.#vendorWaits.count()))
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
