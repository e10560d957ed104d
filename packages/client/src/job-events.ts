import type { Piece } from './answer.ts'
import { ConnectionError } from './errors.ts'
import type { Http } from './http.ts'
import { type ReconnectOptions, reconnecting } from './reconnecting.ts'
import { type ConnectionOptions, responseLines } from './response-lines.ts'
import {
  type FinalEvent,
  type PieceEvent,
  parseStreamEvent,
  pieceOf,
  type StreamCursor,
  type StreamView,
  type UnknownEvent,
} from './stream-event.ts'

/** A piece of the answer, with the cursor behind it. */
interface PlacedPiece {
  readonly piece: Piece
  readonly cursor: StreamCursor
}

export interface JobEventsOptions extends ConnectionOptions, ReconnectOptions {
  /** What is read. Cursors are those of this view. */
  readonly view: StreamView
  /** The cursor behind which events are read; 0 is the beginning in every view. */
  readonly after: StreamCursor
}

/**
 * The events of a job up to the final one, over as many connections as needed. Each connection continues exactly where the answer
 * of the one before ended: repeated pieces are cut off, and after a gap the missing ones are requested again.
 */
export function readJobEvents(
  http: Http,
  id: string,
  options: JobEventsOptions,
): AsyncGenerator<PlacedPiece | FinalEvent, void> {
  let cursor = options.after
  return reconnecting(options, async function* () {
    // `?after=` and not `Last-Event-ID`: with that header browsers send a CORS preflight first.
    const path = `/jobs/${encodeURIComponent(id)}/stream${queryOf(options.view, cursor)}`
    for await (const line of responseLines(http, path, 'application/x-ndjson', options)) {
      const event = eventOf(line)
      if (event?.id === 'end') return yield event
      const piece = event && newPiece(event, placeOf(cursor))
      if (event) cursor = furthest(cursor, event.id)
      yield piece && { piece, cursor }
    }
    throw new ConnectionError('The stream ended before the job did.')
  })
}

/** The event of a line; undefined if the line is a keep-alive. */
function eventOf(line: string) {
  if (line === '') return undefined
  const event = parseStreamEvent(line)
  if (event) return event
  throw new ConnectionError('The stream has a line that is not an event.')
}

function queryOf(view: StreamView, cursor: StreamCursor): string {
  if (view === 'text') return `?after=${cursor}`
  return cursor === 0 ? '?view=full' : `?view=full&after=${cursor}`
}

function placeOf(cursor: StreamCursor): number {
  return typeof cursor === 'number' ? cursor : Number(cursor.slice(1))
}

function furthest(cursor: StreamCursor, id: StreamCursor): StreamCursor {
  return placeOf(id) > placeOf(cursor) ? id : cursor
}

/** What of the piece of an event lies behind the place; undefined if nothing does. The opening and the end of a tool call take one place each. */
function newPiece(event: PieceEvent | UnknownEvent, place: number): Piece | undefined {
  const end = placeOf(event.id)
  if (event.event === 'unknown' || end <= place) return undefined
  const piece = pieceOf(event)
  const start = end - ('text' in piece ? piece.text.length : 1)
  if (start > place) throw new ConnectionError(`The stream has a gap: the answer from ${place} to ${start} is missing.`)
  return 'text' in piece ? { ...piece, text: piece.text.slice(place - start) } : piece
}
