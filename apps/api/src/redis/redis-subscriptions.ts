import type { Redis } from 'ioredis'

/** Gets the messages of a channel. */
export interface ChannelListener {
  onMessage(message: string): void
  /**
   * Called when messages arrive from now on. It is called again after each loss of the connection: messages that were
   * published in between are lost.
   */
  onSubscribed(): void
}

/** How often the connection is checked with a ping, in milliseconds. */
const PING_INTERVAL_MS = 10_000

/** The channels that a process listens on, over one connection. After a loss of the connection it subscribes again. */
export class RedisSubscriptions {
  readonly #redis: Redis
  readonly #listeners = new Map<string, ChannelListener>()
  readonly #ping: NodeJS.Timeout

  /**
   * @param redis used for nothing else, and opened with `autoResubscribe: false`: this class subscribes again and tells the
   * listeners when it has
   */
  constructor(redis: Redis) {
    this.#redis = redis
    redis.on('message', (channel: string, message: string) => this.#listeners.get(channel)?.onMessage(message))
    redis.on('ready', () => this.#subscribe([...this.#listeners.keys()]))
    // Without a ping, a dead connection looks like one without messages.
    this.#ping = setInterval(() => this.#checkConnection(), PING_INTERVAL_MS).unref()
  }

  /** The number of channels. */
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

  /** Removes all listeners and closes the connection. */
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

  #checkConnection(): void {
    if (this.#redis.status === 'ready') this.#redis.ping().catch(() => this.#renew())
  }

  #renew(): void {
    if (this.#redis.status === 'ready') this.#redis.disconnect(true)
  }
}
