import type { AnyStreamEvent } from '@promptlab/contract'
import type { VendorWait } from '../../jobs/read/job-event-reader.ts'
import { oneLineJson } from './one-line-json.ts'

/** The first frame of every stream. It says how long a client waits before it connects again, in milliseconds. */
export const RETRY_FRAME = 'retry: 2000\n\n'

/** The keep-alive: a comment that shows clients and proxies that an idle stream still works. */
export const PING_FRAME = ': ping\n\n'

/**
 * An event as a Server-Sent Events frame. Tokens are unnamed, so that `EventSource.onmessage` gets them.
 */
export function encodeSseEvent({ event, id, data }: AnyStreamEvent): string {
  return event === 'token' ? sseFrame(id, data) : namedFrame(event, id, data)
}

export function namedFrame(event: string, id: string, data: object): string {
  return `event: ${event}\n${sseFrame(id, data)}`
}

/** Data is one line of JSON, in which no line break of a text can end the frame. */
function sseFrame(id: string | number, data: object): string {
  return `id: ${id}\ndata: ${oneLineJson(data)}\n\n`
}

/** A comment that tells that the job waits for its vendor. */
export function waitFrame({ provider, until }: VendorWait): string {
  return `: waiting for ${provider} until ${until}\n\n`
}
