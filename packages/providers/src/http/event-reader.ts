import type { Readable } from 'node:stream'
import { createParser, type EventSourceMessage, type EventSourceParser, type ParseError } from 'eventsource-parser'
import type { EagerIterator } from '../eager-iterator.ts'
import { parsedJson } from '../parsed-json.ts'
import { StrayLines } from './stray-lines.ts'

/** Beyond this many characters, the vendor has to wait until the consumer has caught up. */
const MAX_QUEUED_CHARS = 256 * 1024
/** An event longer than this is not a token. The limit keeps a vendor from filling our memory. */
const MAX_EVENT_CHARS = 16 * 1024 * 1024
/**
 * The time that a vendor has to end the body after its end marker, so that the connection can serve another request.
 */
const LINGER_MS = 1000

/** The fields of a server-sent event that are read. */
export type StreamEvent = Pick<EventSourceMessage, 'event' | 'data'>

/** A comment: it has no content, but says that the vendor is alive. */
const COMMENT: StreamEvent = Object.freeze({ event: undefined, data: '' })
/** The name of the event that has the text of a body which is no event. No event of a vendor has such a name. */
export const STRAY_TEXT = '\n'

type Result = IteratorResult<StreamEvent, undefined>

/**
 * Reads the server-sent events of a Node stream, in order. It is hand-written because generators over the stream cost
 * promises for each token (docs/decisions/2026-11-23-provider-speed.md). No macrotask runs between the events of one
 * network chunk.
 *
 * It reads what servers send in place of events, too: JSON without `data:` is an event, a field `error:` is an event of
 * that name, a comment is an event without data, and any other text is an event named `STRAY_TEXT` at the end. The last
 * event counts also without its blank line.
 */
export class EventReader implements EagerIterator<StreamEvent, undefined>, AsyncIterable<StreamEvent, undefined> {
  readonly #content: Readable
  readonly #endMarker: string
  readonly #parser: EventSourceParser
  readonly #strays = new StrayLines()
  readonly #queue: StreamEvent[] = []
  #queuedChars = 0
  /** The beginning of a line. The parser gets whole lines, because it drops the beginnings of lines that it does not know. */
  #rest: string[] = []
  #restChars = 0
  #isEnded = false
  #isBroken = false
  #failure: { readonly error: unknown } | undefined
  #waiting: { resolve(result: Result): void; reject(e: unknown): void } | undefined

  /** @param endMarker the data of the last event; everything after it is ignored */
  constructor(content: Readable, endMarker: string) {
    this.#content = content
    this.#endMarker = endMarker
    this.#parser = createParser({
      maxBufferSize: MAX_EVENT_CHARS,
      onEvent: (event) => this.#push(event),
      onComment: () => this.#pushComment(),
      onError: (error) => this.#readUnknown(error),
    })
    // Joins characters that the network has cut.
    content.setEncoding('utf8')
    content.on('data', this.#onData)
    content.once('end', () => {
      this.#flush()
      if (this.#strays.text) this.#push({ event: STRAY_TEXT, data: this.#strays.text })
      this.#end()
    })
    content.once('error', (error) => this.#break(error))
    content.once('close', () => {
      if (!this.#isEnded) this.#break(connectionClosed())
    })
    // If an abort came first, the stream emits none of these events any more.
    if (content.destroyed) this.#fail(content.errored ?? connectionClosed())
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  nextReady(): StreamEvent | undefined {
    const event = this.#queue.shift()
    if (!event) return undefined
    this.#queuedChars -= event.data.length
    if (this.#content.isPaused() && this.#queue.length === 0) this.#content.resume()
    return event
  }

  /** Takes one call at a time: wait for its promise before the next call. */
  next(): Promise<Result> {
    const event = this.nextReady()
    if (event) return Promise.resolve({ done: false, value: event })
    if (this.#failure) return Promise.reject(this.#failure.error)
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Closes the connection, unless the answer is complete. */
  return(): Promise<Result> {
    if (!this.#isEnded) this.#content.destroy()
    return Promise.resolve({ done: true, value: undefined })
  }

  #onData = (text: string): void => {
    if (this.#rest.length === 0 && text.endsWith('\n')) this.#parser.feed(text)
    else this.#feedLines(text)
    if (this.#queuedChars > MAX_QUEUED_CHARS && !this.#isEnded) this.#content.pause()
  }

  #feedLines(text: string): void {
    const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
    if (end > 0) {
      this.#parser.feed(this.#rest.join('') + text.slice(0, end))
      this.#rest = []
      this.#restChars = 0
    }
    if (end === text.length) return
    this.#rest.push(text.slice(end))
    this.#restChars += text.length - end
    if (this.#restChars > MAX_EVENT_CHARS) this.#fail(tooLong())
  }

  /** Reads the last line and the last event, also if their ends are missing. */
  #flush(): void {
    if (this.#isEnded) return
    this.#parser.feed(`${this.#rest.join('')}\n\n`)
    this.#rest = []
  }

  /** The lines that are not of the format. Readers must ignore them, but servers report failures in them. */
  #readUnknown({ type, field, value, line }: ParseError): void {
    // A retry that is no number.
    if (type === 'invalid-retry') return
    if (type === 'max-buffer-size-exceeded') {
      this.#fail(tooLong())
    } else if (field === 'error' && value) {
      this.#push({ event: 'error', data: value })
    } else if (line?.trim() === this.#endMarker) {
      this.#push({ event: undefined, data: this.#endMarker })
    } else {
      const json = this.#strays.add(line ?? '')
      if (json) this.#push({ event: undefined, data: json })
      else if (this.#strays.length > MAX_EVENT_CHARS) this.#fail(tooLong())
    }
  }

  #push(event: StreamEvent): void {
    if (this.#isEnded) return
    // Of a stream that broke, an event without its end counts only if it is whole.
    if (this.#isBroken && parsedJson(event.data) === undefined) return
    const isLast = event.data === this.#endMarker || (event.data.length < 64 && event.data.trim() === this.#endMarker)
    this.#handOut(isLast ? { event: undefined, data: this.#endMarker } : event)
    if (isLast) this.#lingerToEnd()
  }

  /** Comments that nobody waits for are merged. */
  #pushComment(): void {
    if (!this.#isEnded && (this.#waiting || this.#queue.at(-1) !== COMMENT)) this.#handOut(COMMENT)
  }

  #handOut(event: StreamEvent): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) {
      waiting.resolve({ done: false, value: event })
    } else {
      this.#queue.push(event)
      this.#queuedChars += event.data.length
    }
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

  #break(error: unknown): void {
    this.#isBroken = true
    this.#flush()
    this.#fail(error)
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

function tooLong(): Error {
  return new Error(`An event exceeds the max buffer size of ${MAX_EVENT_CHARS} characters.`)
}

function connectionClosed(): Error {
  return Object.assign(new Error('The connection closed.'), { code: 'ECONNRESET' })
}
