import type { Readable } from 'node:stream'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'

/** Beyond it the vendor has to wait until the consumer has caught up. */
const MAX_QUEUED_CHARS = 256 * 1024
/** An event longer than this is no token; a vendor must not fill our memory. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024
/** How long the vendor may take to end an answer after its end marker, so that the connection can be used again. */
const LINGER_MS = 1000

/**
 * The server-sent events of a Node stream, in order. Written by hand, and not as a generator over a generator over the stream,
 * because each of those costs promises for each token. Events of one network chunk are given out without a macrotask between.
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

  /** @param endMarker the data of the last event; nothing after it is read */
  constructor(content: Readable, endMarker: string) {
    this.#content = content
    this.#endMarker = endMarker
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_CHARS,
      onEvent: (event) => this.#push(event),
      onError: (error) => {
        // The parser also reports fields it does not know, which the format tells readers to ignore.
        if (error.type === 'max-buffer-size-exceeded') this.#fail(error)
      },
    })
    // Puts characters together that the network cut.
    content.setEncoding('utf8')
    content.on('data', this.#onData)
    content.once('end', () => this.#end())
    content.once('error', (error) => this.#fail(error))
    content.once('close', () => {
      if (!this.#isEnded) this.#fail(connectionClosed())
    })
    // An abort may have come first; then none of these events comes any more.
    if (content.destroyed) this.#fail(content.errored ?? connectionClosed())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** One call at a time: the next one after the promise of the one before. */
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

  /** Closes the connection unless the answer is complete. */
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

  /** Reads on to the end of the body, without looking: only then is the connection free for another request. */
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
