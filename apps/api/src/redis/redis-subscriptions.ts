import type { Redis } from 'ioredis'

/** One who listens on a channel. */
export interface ChannelListener {
  onMessage(message: string): void
  /**
   * Called when messages come from now on; again after each loss of the connection, as what was published in between is gone.
   */
  onSubscribed(): void
}

/** How often a connection that is silent is asked for a sign of life, in milliseconds. */
const PING_INTERVAL_MS = 10_000

/** The channels that a process listens on, over one connection, which it restores whenever that breaks. */
export class RedisSubscriptions {
  readonly #redis: Redis
  readonly #listeners = new Map<string, ChannelListener>()
  readonly #ping: NodeJS.Timeout

  /** @param redis for nothing else; with `autoResubscribe: false`, as listeners must know when messages come again */
  constructor(redis: Redis) {
    this.#redis = redis
    redis.on('message', (channel: string, message: string) => this.#listeners.get(channel)?.onMessage(message))
    redis.on('ready', () => this.#subscribe([...this.#listeners.keys()]))
    // A connection whose other side is gone looks like one on which nothing is published.
    this.#ping = setInterval(() => this.#checkLife(), PING_INTERVAL_MS).unref()
  }

  /** How many channels are listened on. */
  get size(): number {
    return this.#listeners.size
  }

  add(channel: string, listener: ChannelListener): void {
    this.#listeners.set(channel, listener)
    this.#subscribe([channel])
  }

  delete(channel: string): void {
    this.#listeners.delete(channel)
    if (this.#redis.status === 'ready') this.#redis.unsubscribe(channel).catch(() => {})
  }

  /** Listens on nothing any more, and closes the connection. */
  close(): void {
    clearInterval(this.#ping)
    this.#listeners.clear()
    this.#redis.disconnect()
  }

  #subscribe(channels: readonly string[]): void {
    if (channels.length === 0 || this.#redis.status !== 'ready') return
    this.#redis.subscribe(...channels).then(
      () => {
        for (const channel of channels) this.#listeners.get(channel)?.onSubscribed()
      },
      () => this.#renew(),
    )
  }

  #checkLife(): void {
    if (this.#redis.status === 'ready') this.#redis.ping().catch(() => this.#renew())
  }

  #renew(): void {
    if (this.#redis.status === 'ready') this.#redis.disconnect(true)
  }
}
