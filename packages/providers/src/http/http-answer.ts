import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** The headers of an answer. `get` joins those of the same name, as `Headers` does. */
export type AnswerHeaders = Pick<Headers, 'get'>

// The decompressor must give out all that it has at once, or tokens would wait inside it for later tokens.
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH }

const DECODERS = new Map([
  ['gzip', () => createGunzip(ZLIB)],
  ['x-gzip', () => createGunzip(ZLIB)],
  ['deflate', () => createInflate(ZLIB)],
  ['br', () => createBrotliDecompress(BROTLI)],
])

/** An answer whose headers are here. Its body is read once: as a stream or as a text. */
export class HttpAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Destroy it to close the connection. Read it to its end to give the connection back. */
  readonly content: Readable

  constructor(message: IncomingMessage) {
    this.status = message.statusCode ?? 0
    this.headers = {
      get: (name) => {
        const value = message.headers[name.toLowerCase()]
        return (typeof value === 'string' ? value : value?.join(', ')) ?? null
      },
    }
    this.content = decoded(message)
  }

  /** Whether the status is a success. */
  get isOk(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** The whole body. For a body that broke, the words of the error. */
  async text(): Promise<string> {
    return await text(this.content).catch(String)
  }
}

/** The content without its compression. Some gateways compress although the request forbids it. */
function decoded(message: IncomingMessage): Readable {
  const decoder = DECODERS.get(message.headers['content-encoding']?.trim().toLowerCase() ?? '')?.()
  // The callback only keeps an error from being thrown. The reader of the decoder gets the same error.
  return decoder ? pipeline(message, decoder, () => {}) : message
}
