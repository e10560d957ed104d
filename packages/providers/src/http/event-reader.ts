import type { Readable } from 'node:stream'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'

/** Beyond this many characters, the vendor has to wait until the consumer has caught up. */
const MAX_QUEUED_CHARS = 256 * 1024
/** An event longer than this is not a token. The limit keeps a vendor from filling our memory. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024
/**
 * The time that a vendor has to end the body after its end marker, so that the connection can serve another request.
 */
const LINGER_MS = 1000

/**
 * Reads the server-sent events of a Node stream, in order. It is hand-written because generators over the stream cost
 * promises for each token (docs/decisions/2026-11-23-provider-speed.md). No macrotask runs between the events of one
 * network chunk.
 */
export class EventReader implements AsyncIterableIterator<EventSourceMessage, undefined> {
  readonly #content: Readable
  readonly #endMarker: string
  readonly #parser: EventSourceParser
  readonly #queue: EventSourceMessage[] = []
  #queuedChars = 0
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #waiting:
    | { resolve(result: IteratorResult<EventSourceMessage, undefined>): void; reject(e: unknown): void }
    | undefined

  /** @param endMarker the data of the last event; everything after it is ignored */
  constructor(content: Readable, endMarker: string) {
    this.#content = content
    this.#endMarker = endMarker
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_CHARS,
      onEvent: (event) => this.#push(event),
      onError: (error) => {
        // The parser also reports unknown fields. The format tells readers to ignore them.
        if (error.type === 'max-buffer-size-exceeded') this.#fail(error)
      },
    })
    // Joins characters that the network has cut.
    content.setEncoding('utf8')
    content.on('data', this.#onData)
    content.once('end', () => this.#end())
    content.once('error', (error) => this.#fail(error))
    content.once('close', () => {
      if (!this.#isEnded) this.#fail(connectionClosed())
    })
    // If an abort came first, the stream emits none of these events any more.
    if (content.destroyed) this.#fail(content.errored ?? connectionClosed())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Takes one call at a time: wait for its promise before the next call. */
  next(): Promise<IteratorResult<EventSourceMessage, undefined>> {
    const event = this.#queue.shift()
    if (event) {
      this.#queuedChars -= event.data.length
      if (this.#content.isPaused() && this.#queue.length === 0) this.#content.resume()
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#failure) return Promise.reject(this.#failure.error)
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Closes the connection, unless the answer is complete. */
  return(): Promise<IteratorResult<EventSourceMessage, undefined>> {
    if (!this.#isEnded) this.#content.destroy()
    return Promise.resolve({ done: true, value: undefined })
  }

  #onData = (text: string): void => {
    this.#parser.feed(text)
    if (this.#queuedChars > MAX_QUEUED_CHARS && !this.#isEnded) this.#content.pause()
  }

  #push(event: EventSourceMessage): void {
    if (this.#isEnded) return
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) {
      waiting.resolve({ done: false, value: event })
    } else {
      this.#queue.push(event)
      this.#queuedChars += event.data.length
    }
    if (event.data === this.#endMarker) this.#lingerToEnd()
  }

  /** Reads the rest of the body and ignores it. Only at its end is the connection free for another request. */
  #lingerToEnd(): void {
    this.#end()
    const content = this.#content.off('data', this.#onData).resume()
    const timer = setTimeout(() => content.destroy(), LINGER_MS).unref()
    content.once('close', () => clearTimeout(timer))
  }

  #end(): void {
    this.#isEnded = true
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = undefined
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#failure = { error }
    this.#content.destroy()
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

function connectionClosed(): Error {
  return Object.assign(new Error('The connection closed.'), { code: 'ECONNRESET' })
}
