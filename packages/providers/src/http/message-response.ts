import type { IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { LIMIT_HEADERS } from '../request-limits.ts'

// The decompressor must give out all that it has at once, or tokens would wait inside it for later tokens.
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH }

const DECODERS = new Map([
  ['gzip', () => createGunzip(ZLIB)],
  ['x-gzip', () => createGunzip(ZLIB)],
  ['deflate', () => createInflate(ZLIB)],
  ['br', () => createBrotliDecompress(BROTLI)],
])

/** The headers of a good answer that are kept. Vendors send some twenty, and copying each one costs time. */
const KEPT_HEADERS = ['content-type', 'x-request-id', ...LIMIT_HEADERS]

/**
 * A 2xx answer of `httpFetch`. Its bytes are in `content`, a Node stream. As a web `Response` it has a status, the
 * headers of `KEPT_HEADERS`, and no body, so that the same bytes cannot be read twice.
 */
export class MessageResponse extends Response {
  /** Destroy it to close the connection. Read it to its end to give the connection back. */
  readonly content: Readable

  constructor(content: Readable, init: ResponseInit) {
    super(null, init)
    this.content = content
  }
}

/** Turns a 2xx answer into a `MessageResponse`, and any other, which nobody streams, into a plain web `Response`. */
export function responseOf(message: IncomingMessage): Response {
  try {
    const { statusCode: status = 0, statusMessage: statusText = '' } = message
    const content = decoded(message)
    if (status >= 200 && status < 300) {
      return new MessageResponse(content, { status, statusText, headers: keptHeadersOf(message) })
    }
    const body = status === 304 ? null : Readable.toWeb(content)
    return new Response(body, { status, statusText, headers: headersOf(message) })
  } catch (error) {
    // The answer has a status or a header that a `Response` cannot have.
    message.destroy()
    throw error
  }
}

function keptHeadersOf(message: IncomingMessage): [string, string][] {
  return KEPT_HEADERS.flatMap((name) => {
    const value = message.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  return headers
}

/** The content without its compression. Some gateways compress although the request forbids it. */
function decoded(message: IncomingMessage): Readable {
  const decoder = DECODERS.get(message.headers['content-encoding']?.trim().toLowerCase() ?? '')?.()
  // The callback only keeps an error from being thrown. The reader of the decoder gets the same error.
  return decoder ? pipeline(message, decoder, () => {}) : message
}
