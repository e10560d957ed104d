import type { AnyStreamEvent } from '@promptlab/contract'
import type { ApiError } from '../../base/api-error.ts'
import type { VendorWait } from '../../jobs/read/job-event-reader.ts'
import { EncodedText } from './encoded-text.ts'
import { oneLineJson } from './one-line-json.ts'
import { refusalOf } from './refusal-of.ts'
import { encodeSseEvent, PING_FRAME, RETRY_FRAME, waitFrame } from './sse.ts'

/** How the events of a job are written. One object serves one response, as it may remember what it has written. */
export interface StreamFormat<Event = AnyStreamEvent> {
  readonly contentType: string
  /** The text before the first event. */
  readonly opening: string
  /** The keep-alive of an idle stream. Empty if the format has no room for one. */
  readonly keepAlive: EncodedText
  /**
   * The longest time that the head waits for the first text, in milliseconds: a job that fails before is answered with its error.
   * Undefined: the head is sent at once.
   */
  readonly headWaitMs: number | undefined
  /**
   * What a server that stops does with a response. `end`: it ends the response at once, and the client resumes at another server.
   * `break`: it breaks the connection at once, because a part of this text would look like the whole. `drain`: it breaks the
   * connection too, but lets the job end first, because the client cannot resume.
   */
  readonly atStop: 'end' | 'break' | 'drain'
  encode(events: readonly Event[]): EncodedText
  /** Tells that the job waits for its vendor. Undefined if the format has no room for that. */
  readonly encodeWait?: ((wait: VendorWait) => EncodedText) | undefined
  /**
   * Whether a response may end behind an event. If not, the connection is broken, so that a part does not look like the whole.
   * @param last undefined if there was none
   */
  mayEndBehind(last: Event | undefined): boolean
  /** The error to answer with, if an event is all that there was of a job. Undefined if the job did not fail. */
  refusalOf(event: Event): ApiError | undefined
}

/** A reader can see in the text whether it is complete. */
export const RESUMABLE = {
  headWaitMs: undefined,
  atStop: 'end',
  mayEndBehind: () => true,
  refusalOf: () => undefined,
} as const

/** The media types of streams. The first is for clients that accept anything. */
export const STREAM_TYPES = ['text/event-stream', 'application/x-ndjson', 'text/plain'] as const
export type StreamType = (typeof STREAM_TYPES)[number]

/** The formats of one server. Responses of one format share the text that they write. */
export class StreamFormats {
  readonly #serverSentEvents: StreamFormat = {
    contentType: 'text/event-stream; charset=utf-8',
    opening: RETRY_FRAME,
    keepAlive: new EncodedText(PING_FRAME),
    ...RESUMABLE,
    encode: encodeOnce(encodeSseEvent),
    encodeWait: (wait) => new EncodedText(waitFrame(wait)),
  }

  readonly #ndjson: StreamFormat = {
    contentType: 'application/x-ndjson; charset=utf-8',
    opening: '',
    // Readers of the format skip an empty line.
    keepAlive: new EncodedText('\n'),
    ...RESUMABLE,
    encode: encodeOnce<AnyStreamEvent>((event) => `${oneLineJson(event)}\n`),
  }

  readonly #join = encodeOnce<AnyStreamEvent>((event) => (event.event === 'token' ? event.data.token : ''))

  of(type: StreamType): StreamFormat {
    switch (type) {
      case 'text/event-stream':
        return this.#serverSentEvents
      case 'application/x-ndjson':
        return this.#ndjson
      case 'text/plain':
        return new PlainText(this.#join)
    }
  }
}

/** Only the tokens, without a word about how the job ended. */
class PlainText implements StreamFormat {
  readonly contentType = 'text/plain; charset=utf-8'
  readonly opening = ''
  readonly keepAlive = new EncodedText('')
  readonly headWaitMs = Number.POSITIVE_INFINITY
  readonly atStop = 'break'
  readonly refusalOf = refusalOf
  readonly #join: StreamFormat['encode']
  /** The first half of a surrogate pair whose other half is in the next token. Half a pair cannot be written as UTF-8. */
  #half = ''

  constructor(join: StreamFormat['encode']) {
    this.#join = join
  }

  encode(events: readonly AnyStreamEvent[]): EncodedText {
    const joined = this.#join(events)
    const text = this.#half + joined.text
    const isSplit = isFirstOfPair(text.charCodeAt(text.length - 1)) && events.at(-1)?.event === 'token'
    if (this.#half === '' && !isSplit) return joined
    this.#half = isSplit ? text.slice(-1) : ''
    return new EncodedText(isSplit ? text.slice(0, -1) : text)
  }

  mayEndBehind(last: AnyStreamEvent | undefined): boolean {
    return last?.event === 'metrics'
  }
}

function isFirstOfPair(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff
}

/**
 * Encodes a batch of events once for all responses. Readers of one job or feed are woken one after the other and are given the
 * same events. Only the last batch is kept: to encode a token again costs less than to keep all of them.
 */
export function encodeOnce<Event>(encode: (event: Event) => string): StreamFormat<Event>['encode'] {
  let first: Event | undefined
  let last: Event | undefined
  let encoded = new EncodedText('')
  return (events) => {
    if (events[0] === first && events.at(-1) === last) return encoded
    first = events[0]
    last = events.at(-1)
    let text = ''
    for (const event of events) text += encode(event)
    encoded = new EncodedText(text)
    return encoded
  }
}
