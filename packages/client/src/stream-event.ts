import { isObject, type JobError, type JobMetrics } from './job.ts'

/** A token. Its id is the length of the text up to and including this token, in UTF-16 code units. */
interface TokenEvent {
  event: 'token'
  id: number
  data: { token: string }
}

/** The event that ends a stream: the job completed (`metrics`), failed (`error`) or was cancelled (`cancelled`). */
export type FinalEvent =
  | { event: 'metrics'; id: 'end'; data: JobMetrics }
  | { event: 'error'; id: 'end'; data: JobError & { metrics: JobMetrics } }
  | { event: 'cancelled'; id: 'end'; data: JobMetrics }

export type StreamEvent = TokenEvent | FinalEvent

/** Parses a line of the stream; undefined if the line is not an event. */
export function parseStreamEvent(line: string): StreamEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isStreamEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isStreamEvent(value: unknown): value is StreamEvent {
  if (!isObject(value)) return false
  const { event, id, data } = value
  if (!isObject(data)) return false
  switch (event) {
    case 'token':
      return typeof data['token'] === 'string' && typeof id === 'number'
    case 'metrics':
    case 'cancelled':
      return typeof data['durationMs'] === 'number'
    case 'error':
      return typeof data['code'] === 'string' && isObject(data['metrics'])
    default:
      return false
  }
}
