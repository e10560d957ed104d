import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The form of a request id that a proxy or a client may choose. Other texts could forge or flood log lines. */
const VALID_ID = /^[\w.:+/=@-]{1,128}$/

/** The id of a request in the log and in problems: its `X-Request-Id` if that has the right form, and a new id if not. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && VALID_ID.test(given) ? given : randomUUID()
}
