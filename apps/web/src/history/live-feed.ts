import { ApiError, type JobSummary, type Reconnect } from '@promptlab/client'
import { feedClient } from '../api.ts'

interface LiveFeedEvents {
  /** The connection is open: changes from now on will come. The feed waits for the promise. */
  readonly onReady: () => Promise<void>
  readonly onChange: (job: JobSummary) => void
  /** Changes do not come by themselves now. */
  readonly onLost: () => void
  /** The connection has failed again, or was refused for now. */
  readonly onTrouble: (error: unknown) => void
  /** The feed was refused for good. */
  readonly onRefused: (error: unknown) => void
}

interface Feed {
  readonly leaving: AbortController
  state: 'opening' | 'live' | 'lost'
}

/** How long a hidden page keeps its feed, in milliseconds. Over HTTP/1.1 a browser opens six connections to a server, for all its tabs together. */
const HIDDEN_MS = 10_000
/** How long the page waits for the feed, in milliseconds. Some proxies pass nothing on before a response has ended. */
const PATIENCE_MS = 2_000

/** The feed of changes while the page is visible. */
export class LiveFeed {
  readonly #events: LiveFeedEvents
  #feed: Feed | undefined

  constructor(events: LiveFeedEvents) {
    this.#events = events
  }

  /** Whether the server was asked for changes in vain. */
  get isLost(): boolean {
    return this.#feed?.state === 'lost'
  }

  /**
   * Opens the feed while the page is visible.
   * @returns closes the feed
   */
  open(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    const adapt = () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') this.#start()
      else timer = setTimeout(() => this.#stop(), HIDDEN_MS)
    }
    adapt()
    document.addEventListener('visibilitychange', adapt)
    return () => {
      document.removeEventListener('visibilitychange', adapt)
      clearTimeout(timer)
      this.#stop()
    }
  }

  restart(): void {
    this.#stop()
    this.#start()
  }

  #start(): void {
    if (this.#feed) return
    this.#feed = { leaving: new AbortController(), state: 'opening' }
    void this.#follow(this.#feed)
  }

  #stop(): void {
    this.#feed?.leaving.abort()
    this.#feed = undefined
  }

  async #follow(feed: Feed): Promise<void> {
    const { signal } = feed.leaving
    const timer = setTimeout(() => this.#lose(feed), PATIENCE_MS)
    try {
      const changes = feedClient.events({
        signal,
        onReady: async () => {
          clearTimeout(timer)
          feed.state = 'live'
          await this.#events.onReady()
        },
        onReconnect: (reconnect) => this.#lose(feed, reconnect),
      })
      for await (const { job } of changes) this.#events.onChange(job)
    } catch (error) {
      if (signal.aborted) return
      // An older server has no feed.
      if (error instanceof ApiError && error.status === 404) return this.#lose(feed)
      feed.state = 'lost'
      this.#events.onRefused(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The feed cannot be opened now. Nobody waits for it any more to list the jobs. */
  #lose(feed: Feed, reconnect?: Reconnect): void {
    const wasOpening = feed.state === 'opening'
    feed.state = 'lost'
    // A connection that breaks once is open again before anybody has read about it.
    if (reconnect && (reconnect.failures > 1 || reconnect.error instanceof ApiError))
      this.#events.onTrouble(reconnect.error)
    if (wasOpening) this.#events.onLost()
  }
}
