import { Readable } from 'node:stream'
import type { StreamEvent } from '@promptlab/contract'
import { encodeSseEvent, PING_FRAME, RETRY_FRAME } from './sse.ts'

interface EventStreamOptions {
  /** Starts the events; the signal ends them. */
  events: (signal: AbortSignal) => AsyncIterator<readonly StreamEvent[]>
  /** Silence after which a comment is sent. */
  heartbeatMs: number
}

/**
 * The body of a stream response. Events are taken only when the reader has room, so a slow reader holds no queue:
 * what became ready meanwhile comes as one batch, and as one chunk.
 */
export class EventStream extends Readable {
  readonly #events: AsyncIterator<readonly StreamEvent[]>
  readonly #stop = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #isPulling = false

  constructor({ events, heartbeatMs }: EventStreamOptions) {
    super({ encoding: 'utf8' })
    this.#events = events(this.#stop.signal)
    this.#heartbeat = setInterval(() => this.#ping(), heartbeatMs)
    this.push(RETRY_FRAME)
  }

  /** Ends the response in an orderly way, before the final event: clients come again and resume. */
  stop(): void {
    this.#stop.abort()
  }

  override _read(): void {
    // A heartbeat makes Node ask again while the first pull still waits.
    if (this.#isPulling) return
    this.#isPulling = true
    this.#pull().catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))))
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#heartbeat)
    this.#stop.abort()
    callback(error)
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#events.next()
    this.#isPulling = false
    if (this.destroyed) return
    this.#heartbeat.refresh()
    this.push(done ? null : value.map(encodeSseEvent).join(''))
  }

  #ping(): void {
    // A reader that has not taken the last chunk needs no proof of life.
    if (this.readableLength === 0) this.push(PING_FRAME)
  }
}
