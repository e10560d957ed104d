import type { Piece } from './answer.ts'
import { isObject, type JobError, type JobMetrics } from './job.ts'

/** What a stream shows: the text, or everything that the model said. */
export type StreamView = 'text' | 'full'

/** The id of an event, which is the cursor behind it: in the view `text` a length of the text, in the view `full` `f` and a place. */
export type StreamCursor = number | `f${number}`

/** A piece of the answer. */
export type PieceEvent = { id: StreamCursor } & (
  | { event: 'token' | 'reasoning' | 'refusal'; data: { token: string } }
  | { event: 'tool-call'; data: { callId: string; name: string } }
  | { event: 'tool-arguments'; data: { callId: string; token: string } }
  | { event: 'tool-call-end'; data: { callId: string; name: string; arguments: string } }
)

/** The event that ends a stream: the job completed (`metrics`), failed (`error`) or was cancelled (`cancelled`). */
export type FinalEvent =
  | { event: 'metrics'; id: 'end'; data: JobMetrics }
  | { event: 'error'; id: 'end'; data: JobError & { metrics: JobMetrics } }
  | { event: 'cancelled'; id: 'end'; data: JobMetrics }

/** An event of either view. */
export type StreamEvent = PieceEvent | FinalEvent

/** An event that a later version of the server has added. Only its cursor is used. */
export interface UnknownEvent {
  event: 'unknown'
  id: StreamCursor
}

/** The texts that the data of each piece has. */
const TEXTS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['token', ['token']],
  ['reasoning', ['token']],
  ['refusal', ['token']],
  ['tool-call', ['callId', 'name']],
  ['tool-arguments', ['callId', 'token']],
  ['tool-call-end', ['callId', 'name', 'arguments']],
])
const FINAL: ReadonlySet<unknown> = new Set(['metrics', 'error', 'cancelled'])

/** Parses a line of the stream; undefined if the line is not an event. */
export function parseStreamEvent(line: string): StreamEvent | UnknownEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (isStreamEvent(value)) return value
    if (!isObject(value) || TEXTS.has(value['event']) || FINAL.has(value['event'])) return undefined
    if (typeof value['event'] !== 'string') return undefined
    // A cursor of 0 is never behind anything.
    return { event: 'unknown', id: isCursor(value['id']) ? value['id'] : 0 }
  } catch {
    return undefined
  }
}

/** The piece that an event has. */
export function pieceOf(event: PieceEvent): Piece {
  switch (event.event) {
    case 'token':
      return { type: 'text', text: event.data.token }
    case 'reasoning':
    case 'refusal':
      return { type: event.event, text: event.data.token }
    case 'tool-call':
      return { type: event.event, ...event.data }
    case 'tool-call-end':
      return { type: event.event, ...event.data }
    case 'tool-arguments':
      return { type: event.event, callId: event.data.callId, text: event.data.token }
  }
}

function isStreamEvent(value: unknown): value is StreamEvent {
  if (!isObject(value)) return false
  const { event, id, data } = value
  if (!isObject(data)) return false
  const texts = TEXTS.get(event)
  if (texts) return isCursor(id) && texts.every((name) => typeof data[name] === 'string')
  if (!FINAL.has(event) || id !== 'end') return false
  if (event === 'error') return typeof data['code'] === 'string' && isObject(data['metrics'])
  return typeof data['durationMs'] === 'number'
}

function isCursor(id: unknown): id is StreamCursor {
  return typeof id === 'number' || (typeof id === 'string' && /^f\d+$/.test(id))
}
