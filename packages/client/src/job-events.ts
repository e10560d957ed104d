import type { Piece } from './answer.ts'
import { ConnectionError } from './errors.ts'
import { connectionError, type Http } from './http.ts'
import { Retry, type RetryPolicy } from './retry.ts'
import {
  type FinalEvent,
  type PieceEvent,
  parseStreamEvent,
  pieceOf,
  type StreamCursor,
  type StreamView,
  type UnknownEvent,
} from './stream-event.ts'
import { textLines } from './text-lines.ts'

/** Describes an interruption of a stream. */
export interface Reconnect {
  /** How many connections in a row have failed. A received event or keep-alive resets the count. */
  readonly failures: number
  /** The pause before the next connection, in milliseconds. */
  readonly waitMs: number
  readonly error: unknown
}

/** A piece of the answer, with the cursor behind it. */
interface PlacedPiece {
  readonly piece: Piece
  readonly cursor: StreamCursor
}

export interface JobEventsOptions {
  /** What is read. Cursors are those of this view. */
  readonly view: StreamView
  /** The cursor behind which events are read; 0 is the beginning in every view. */
  readonly after: StreamCursor
  readonly signal: AbortSignal | undefined
  readonly onReconnect: ((reconnect: Reconnect) => void) | undefined
  readonly retries: RetryPolicy
  /** How long a connection may be idle before it counts as broken, in milliseconds. */
  readonly idleTimeoutMs: number
}

/**
 * The events of a job up to the final one, over as many connections as needed. Each connection continues exactly where the answer
 * of the one before ended: repeated pieces are cut off, and after a gap the missing ones are requested again.
 */
export async function* readJobEvents(
  http: Http,
  id: string,
  options: JobEventsOptions,
): AsyncGenerator<PlacedPiece | FinalEvent> {
  const { signal, onReconnect } = options
  const retry = new Retry(options.retries, signal)
  let cursor = options.after
  for (;;) {
    try {
      for await (const event of readConnection(http, id, cursor, options)) {
        // A keep-alive, too, shows that the connection works.
        retry.succeeded()
        if (event === undefined) continue
        if (event.id === 'end') {
          yield event
          return
        }
        const piece = newPiece(event, placeOf(cursor))
        cursor = furthest(cursor, event.id)
        if (piece) yield { piece, cursor }
      }
      throw new ConnectionError('The stream ended before the job did.')
    } catch (error) {
      await retry.after(error, (waitMs) => onReconnect?.({ failures: retry.failures, waitMs, error }))
    }
  }
}

/** The events of one connection; undefined stands for a keep-alive. */
async function* readConnection(
  http: Http,
  id: string,
  cursor: StreamCursor,
  { view, signal, idleTimeoutMs }: JobEventsOptions,
) {
  const idle = new AbortController()
  const giveUp = () => idle.abort(new ConnectionError(`The server sent nothing for ${idleTimeoutMs} ms.`))
  let timer = setTimeout(giveUp, idleTimeoutMs)
  const active = () => {
    clearTimeout(timer)
    timer = setTimeout(giveUp, idleTimeoutMs)
  }
  try {
    // `?after=` and not `Last-Event-ID`: with that header browsers send a CORS preflight first.
    const response = await http.send(`/jobs/${encodeURIComponent(id)}/stream${queryOf(view, cursor)}`, {
      headers: { accept: 'application/x-ndjson' },
      signal: signal ? AbortSignal.any([signal, idle.signal]) : idle.signal,
    })
    if (!response.body) throw new ConnectionError('The stream has no body.')
    for await (const line of textLines(response.body, active)) {
      const event = line === '' ? undefined : parseStreamEvent(line)
      if (line !== '' && !event) throw new ConnectionError('The stream has a line that is not an event.')
      yield event
    }
  } catch (error) {
    throw connectionError(error, signal)
  } finally {
    clearTimeout(timer)
  }
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
