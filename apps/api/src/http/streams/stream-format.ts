import type { StreamEvent } from '@promptlab/contract'
import { oneLineJson } from './one-line-json.ts'
import { encodeSseEvent, PING_FRAME, RETRY_FRAME } from './sse.ts'

/** How the events of a job are written. One object serves one response: it may remember what it has written. */
export interface StreamFormat {
  readonly contentType: string
  /** What comes before the first event. */
  readonly opening: string
  /** What shows, in a long silence, that the stream is alive; empty if the format has no room for it. */
  readonly heartbeat: string
  /**
   * Whether the text itself tells that it is complete. Where it does not, the end of the response must: a job that did not
   * complete, and a server that stops, break the connection.
   */
  readonly isSelfContained: boolean
  encode(events: readonly StreamEvent[]): string
}

/** The media types of streams; the first one is for who accepts anything. */
export const STREAM_TYPES = ['text/event-stream', 'application/x-ndjson', 'text/plain'] as const
export type StreamType = (typeof STREAM_TYPES)[number]

export function streamFormat(type: StreamType): StreamFormat {
  switch (type) {
    case 'text/event-stream':
      return SERVER_SENT_EVENTS
    case 'application/x-ndjson':
      return NDJSON
    case 'text/plain':
      return new PlainText()
  }
}

const SERVER_SENT_EVENTS: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  opening: RETRY_FRAME,
  heartbeat: PING_FRAME,
  isSelfContained: true,
  encode: encodeOnce(encodeSseEvent),
}

const NDJSON: StreamFormat = {
  contentType: 'application/x-ndjson; charset=utf-8',
  opening: '',
  // An empty line, which readers of the format skip.
  heartbeat: '\n',
  isSelfContained: true,
  encode: encodeOnce((event) => `${oneLineJson(event)}\n`),
}

/** The bare text: only tokens, and nothing about how the job ended. */
class PlainText implements StreamFormat {
  readonly contentType = 'text/plain; charset=utf-8'
  readonly opening = ''
  readonly heartbeat = ''
  readonly isSelfContained = false
  /** The first half of a character whose other half is in the next token: alone it cannot be written as UTF-8. */
  #half = ''

  encode(events: readonly StreamEvent[]): string {
    let text = this.#half
    for (const event of events) if (event.event === 'token') text += event.data.token
    const isSplit = /[\ud800-\udbff]$/.test(text) && events.at(-1)?.event === 'token'
    this.#half = isSplit ? text.slice(-1) : ''
    return isSplit ? text.slice(0, -1) : text
  }
}

/**
 * All readers of a job are woken one after the other and read the same events, so what was encoded for one is kept for the
 * next. Only the last batch: a cache of all tokens costs more than to encode one again.
 */
function encodeOnce(encode: (event: StreamEvent) => string): StreamFormat['encode'] {
  let first: StreamEvent | undefined
  let last: StreamEvent | undefined
  let encoded = ''
  return (events) => {
    if (events[0] === first && events.at(-1) === last) return encoded
    first = events[0]
    last = events.at(-1)
    encoded = ''
    for (const event of events) encoded += encode(event)
    return encoded
  }
}
