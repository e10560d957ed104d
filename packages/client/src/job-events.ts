import { ConnectionError } from './errors.ts'
import { connectionError, type Http } from './http.ts'
import { Retry, type RetryPolicy } from './retry.ts'
import { parseStreamEvent, type StreamEvent } from './stream-event.ts'
import { textLines } from './text-lines.ts'

/** What a reader is told while the stream is interrupted. */
export interface Reconnect {
  /** How many connections have failed since something last came. */
  readonly failures: number
  readonly waitMs: number
  readonly error: unknown
}

export interface JobEventsOptions {
  /** Where to begin: the length of the text that is there already, in UTF-16 code units. */
  readonly after: number
  readonly signal: AbortSignal | undefined
  readonly onReconnect: ((reconnect: Reconnect) => void) | undefined
  readonly retries: RetryPolicy
  /** Silence after which a connection counts as dead, in milliseconds. */
  readonly silenceMs: number
}

/**
 * The events of a job to the final one, over as many connections as it takes. Each continues exactly where the text of the one
 * before ended: what came twice is left out, and after a gap it is asked for again.
 */
export async function* readJobEvents(http: Http, id: string, options: JobEventsOptions): AsyncGenerator<StreamEvent> {
  const { signal, onReconnect } = options
  const retry = new Retry(options.retries, signal)
  let cursor = options.after
  for (;;) {
    try {
      for await (const event of readConnection(http, id, cursor, options)) {
        // Also a sign of life counts.
        retry.succeeded()
        if (event === undefined) continue
        if (event.event !== 'token') {
          yield event
          return
        }
        const token = newPart(event.data.token, event.id, cursor)
        if (token === '') continue
        cursor = event.id
        yield { ...event, data: { token } }
      }
      throw new ConnectionError('The stream ended before the job.')
    } catch (error) {
      await retry.after(error, (waitMs) => onReconnect?.({ failures: retry.failures, waitMs, error }))
    }
  }
}

/** One connection: its events, and undefined for a sign of life. */
async function* readConnection(
  http: Http,
  id: string,
  after: number,
  { signal, silenceMs }: JobEventsOptions,
): AsyncGenerator<StreamEvent | undefined> {
  const silence = new AbortController()
  const die = () => silence.abort(new ConnectionError('The server has been silent for too long.'))
  let timer = setTimeout(die, silenceMs)
  const sound = () => {
    clearTimeout(timer)
    timer = setTimeout(die, silenceMs)
  }
  try {
    // By its query, not by Last-Event-ID: a header of that name makes browsers ask for permission first.
    const response = await http.send(`/jobs/${encodeURIComponent(id)}/stream?after=${after}`, {
      headers: { accept: 'application/x-ndjson' },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    })
    if (!response.body) throw new ConnectionError('The stream has no body.')
    for await (const line of textLines(response.body, sound)) {
      const event = line === '' ? undefined : parseStreamEvent(line)
      if (line !== '' && !event) throw new ConnectionError('The stream has a line that is no event.')
      yield event
    }
  } catch (error) {
    throw connectionError(error, signal)
  } finally {
    clearTimeout(timer)
  }
}

/** What of a token lies beyond the cursor. */
function newPart(token: string, end: number, cursor: number): string {
  const start = end - token.length
  if (start > cursor) throw new ConnectionError('The stream has a gap.')
  return token.slice(cursor - start)
}
