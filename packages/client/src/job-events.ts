import { ConnectionError } from './errors.ts'
import { connectionError, type Http } from './http.ts'
import { Retry, type RetryPolicy } from './retry.ts'
import { parseStreamEvent, type StreamEvent } from './stream-event.ts'
import { textLines } from './text-lines.ts'

/** Describes an interruption of a stream. */
export interface Reconnect {
  /** How many connections in a row have failed. A received event or keep-alive resets the count. */
  readonly failures: number
  /** The pause before the next connection, in milliseconds. */
  readonly waitMs: number
  readonly error: unknown
}

export interface JobEventsOptions {
  /** The place behind which events are read: the length of the text that the reader has, in UTF-16 code units. */
  readonly after: number
  readonly signal: AbortSignal | undefined
  readonly onReconnect: ((reconnect: Reconnect) => void) | undefined
  readonly retries: RetryPolicy
  /** How long a connection may be idle before it counts as broken, in milliseconds. */
  readonly idleTimeoutMs: number
}

/**
 * The events of a job up to the final one, over as many connections as needed. Each connection continues exactly where the text
 * of the one before ended: repeated text is cut off, and after a gap the missing text is requested again.
 */
export async function* readJobEvents(http: Http, id: string, options: JobEventsOptions): AsyncGenerator<StreamEvent> {
  const { signal, onReconnect } = options
  const retry = new Retry(options.retries, signal)
  let cursor = options.after
  for (;;) {
    try {
      for await (const event of readConnection(http, id, cursor, options)) {
        // A keep-alive, too, shows that the connection works.
        retry.succeeded()
        if (event === undefined) continue
        if (event.event !== 'token') {
          yield event
          return
        }
        const token = newText(event.data.token, event.id, cursor)
        if (token === '') continue
        cursor = event.id
        yield { ...event, data: { token } }
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
  after: number,
  { signal, idleTimeoutMs }: JobEventsOptions,
): AsyncGenerator<StreamEvent | undefined> {
  const idle = new AbortController()
  const giveUp = () => idle.abort(new ConnectionError(`The server sent nothing for ${idleTimeoutMs} ms.`))
  let timer = setTimeout(giveUp, idleTimeoutMs)
  const active = () => {
    clearTimeout(timer)
    timer = setTimeout(giveUp, idleTimeoutMs)
  }
  try {
    // `?after=` and not `Last-Event-ID`: with that header browsers send a CORS preflight first.
    const response = await http.send(`/jobs/${encodeURIComponent(id)}/stream?after=${after}`, {
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

/** The text of a token that lies behind the cursor. */
function newText(token: string, end: number, cursor: number): string {
  const start = end - token.length
  if (start > cursor) throw new ConnectionError(`The stream has a gap: text ${cursor} to ${start} is missing.`)
  return token.slice(cursor - start)
}
