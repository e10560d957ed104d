import { randomUUID } from 'node:crypto'
import { JobSummary } from '@promptlab/contract'
import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Logger } from '../base/logger.ts'
import type { FeedChannel } from '../jobs/ports/feed-channel.ts'
import type { JobChange } from '../jobs/ports/job-changes.ts'
import { connectRedis, FAIL_FAST } from '../redis/connect-redis.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'

interface RedisFeedChannelOptions {
  readonly url: string
  /** All channels begin with this. */
  readonly prefix: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** How often a process says that it has readers, in milliseconds. The default is 3 s. */
  readonly sayMs?: number
}

/** How many times a process may fail to say that it has readers before others take it that it has none. */
const MISSED_SAYINGS = 3
/** The most changes that wait for Redis. More of them are dropped. */
const MAX_WAITING = 1_000
/** The most changes in one request to Redis. */
const MAX_AT_ONCE = 100

const Message = z.object({
  job: JobSummary,
  owner: z.string().optional(),
})

/**
 * Changes between processes, over two channels of Redis: one on which processes say that they have readers, and one for the changes,
 * which are published only while somebody said so.
 */
export class RedisFeedChannel implements FeedChannel {
  readonly #redis: Redis
  readonly #subscriptions: RedisSubscriptions
  readonly #readersChannel: string
  readonly #changesChannel: string
  readonly #sayMs: number
  /** Names this process, which gets its own messages, too. */
  readonly #sender = randomUUID()
  /** When another process last said that it has readers, of the steady clock. */
  #wantedAt = Number.NEGATIVE_INFINITY
  #waiting: string[] = []
  #isSending = false

  private constructor(redis: Redis, subscriptions: RedisSubscriptions, options: RedisFeedChannelOptions) {
    this.#redis = redis
    this.#subscriptions = subscriptions
    this.#readersChannel = `${options.prefix}feed:readers`
    this.#changesChannel = `${options.prefix}feed:changes`
    this.#sayMs = options.sayMs ?? 3_000
    subscriptions.add(this.#readersChannel, {
      onMessage: (sender) => {
        if (sender !== this.#sender) this.#wantedAt = performance.now()
      },
      onSubscribed: () => {},
    })
  }

  /** @throws UnreachableError Redis does not answer */
  static async open(options: RedisFeedChannelOptions): Promise<RedisFeedChannel> {
    const redis = await connectRedis({ ...options, name: 'feed' }, FAIL_FAST)
    try {
      const settings = { ...FAIL_FAST, autoResubscribe: false }
      const subscriber = await connectRedis({ ...options, name: 'feed-subscriber' }, settings)
      return new RedisFeedChannel(redis, new RedisSubscriptions(subscriber), options)
    } catch (error) {
      redis.disconnect()
      throw error
    }
  }

  get isWanted(): boolean {
    return performance.now() - this.#wantedAt < MISSED_SAYINGS * this.#sayMs
  }

  publish({ job, owner }: JobChange): void {
    if (this.#waiting.length >= MAX_WAITING) return
    this.#waiting.push(`${this.#sender} ${JSON.stringify({ job, owner })}`)
    if (!this.#isSending) void this.#send()
  }

  listen(onChange: (change: JobChange) => void): () => void {
    const say = () => void this.#redis.publish(this.#readersChannel, this.#sender).catch(() => {})
    this.#subscriptions.add(this.#changesChannel, {
      onMessage: (message) => {
        const change = message.startsWith(this.#sender) ? undefined : changeIn(message)
        if (change) onChange(change)
      },
      // Said when messages arrive here, so that none is sent before.
      onSubscribed: say,
    })
    const timer = setInterval(say, this.#sayMs).unref()
    return () => {
      clearInterval(timer)
      this.#subscriptions.delete(this.#changesChannel)
    }
  }

  async close(): Promise<void> {
    this.#waiting = []
    this.#subscriptions.close()
    this.#redis.disconnect()
  }

  /** One request at a time, so that a Redis which does not answer holds no more than the changes that wait. */
  async #send(): Promise<void> {
    this.#isSending = true
    while (this.#waiting.length > 0) {
      const messages = this.#waiting.splice(0, MAX_AT_ONCE)
      const pipeline = this.#redis.pipeline()
      for (const message of messages) pipeline.publish(this.#changesChannel, message)
      // What is lost comes from the store.
      await pipeline.exec().catch(() => {})
    }
    this.#isSending = false
  }
}

/** Undefined if the message is not one of this version. Its change comes from the store. */
function changeIn(message: string): JobChange | undefined {
  try {
    const { job, owner } = Message.parse(JSON.parse(message.slice(message.indexOf(' ') + 1)))
    return { job, owner, position: { updatedAt: job.updatedAt, id: job.id } }
  } catch {
    return undefined
  }
}
