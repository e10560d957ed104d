import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What a proxy or a client may call a request; anything else could forge log lines, or fill them. */
const SANE = /^[\w.:+/=@-]{1,128}$/

/** The id under which a request is logged and its problems are told: the one it came with, in `X-Request-Id`, if that is sane. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID()
}
