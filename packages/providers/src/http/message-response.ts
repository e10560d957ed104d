import type { IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

// Whatever is there must come out at once, or tokens would wait for each other inside the decompressor.
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH }

const DECODERS = new Map([
  ['gzip', () => createGunzip(ZLIB)],
  ['x-gzip', () => createGunzip(ZLIB)],
  ['deflate', () => createInflate(ZLIB)],
  ['br', () => createBrotliDecompress(BROTLI)],
])

/** What is kept of the headers of a good answer: vendors send some twenty, and each of them costs time to take over. */
const KEPT_HEADERS = ['content-type', 'x-request-id'] as const

/**
 * A good answer of `httpFetch`. Its bytes are in `content`, a Node stream; as a web `Response` it has a status, its type and
 * `x-request-id`, and no body, so that nobody reads the same bytes twice.
 */
export class MessageResponse extends Response {
  /** Destroying it closes the connection; reading it to its end gives the connection back. */
  readonly content: Readable

  constructor(content: Readable, init: ResponseInit) {
    super(null, init)
    this.content = content
  }
}

/** A 2xx answer as a `MessageResponse`; any other, which nobody streams, as a common web `Response`. */
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
    // A status or a header that no `Response` can have.
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

/** Some gateways compress whatever they were asked for. */
function decoded(message: IncomingMessage): Readable {
  const decoder = DECODERS.get(message.headers['content-encoding']?.trim().toLowerCase() ?? '')?.()
  // The callback only keeps an error from being thrown: whoever reads the decoder gets it too.
  return decoder ? pipeline(message, decoder, () => {}) : message
}
