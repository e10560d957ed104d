import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { json } from 'node:stream/consumers'
import { Exchange } from './exchange.ts'
import type { WireFormat } from './wire-format.ts'

type Handler = (exchange: Exchange) => Promise<void> | void

/**
 * A vendor on 127.0.0.1 that speaks the real wire format over real HTTP. A test takes each request from `nextRequest`
 * and answers it piece by piece, or sets a handler for all requests by `respondWith`.
 */
export class LoopbackVendor implements AsyncDisposable {
  /** The base URL for the provider. */
  readonly url: string
  /** The answer to each request for the models. A string is sent unchanged, any other value as JSON. */
  models: { readonly status: number; readonly body: unknown } = { status: 404, body: 'The list is not served here.' }
  /** The requests for the models so far. */
  readonly modelRequests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = []
  readonly #server: Server
  readonly #format: WireFormat
  readonly #waiting: Exchange[] = []
  readonly #takers: PromiseWithResolvers<Exchange>[] = []
  #handler: Handler | undefined
  #requests = 0
  #failure: { readonly error: unknown } | undefined

  /** Starts a vendor on a free port. */
  static async start(format: WireFormat): Promise<LoopbackVendor> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new LoopbackVendor(server, format)
  }

  private constructor(server: Server, format: WireFormat) {
    const address = server.address()
    if (address === null || typeof address === 'string')
      throw new Error('The loopback vendor does not listen on a TCP port.')
    this.url = `http://127.0.0.1:${address.port}${format.basePath}`
    this.#server = server
    this.#format = format
    server.on('request', (message, response) => this.#receive(message, response).catch(() => response.destroy()))
  }

  /** How many requests have arrived. */
  get requests(): number {
    return this.#requests
  }

  /** Takes the next request, in order of arrival, and waits until there is one. */
  nextRequest(): Promise<Exchange> {
    const exchange = this.#waiting.shift()
    if (exchange) return Promise.resolve(exchange)
    const taker = Promise.withResolvers<Exchange>()
    this.#takers.push(taker)
    return taker.promise
  }

  /**
   * Passes every request from now on to the handler. If the handler throws, the connection is reset, and `close` throws
   * the handler's error.
   */
  respondWith(handler: Handler): void {
    this.#handler = handler
  }

  /** Stops listening and closes every connection. It may be called again. */
  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    for (const taker of this.#takers.splice(0)) taker.reject(new Error('The loopback vendor was closed.'))
    if (this.#failure) throw this.#failure.error
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    // Servers ask for the models in the background, so such a request is not counted.
    if (message.method === 'GET') {
      this.#tellModels(message, response)
      return
    }
    this.#requests += 1
    const body: unknown = await json(message)
    const request = this.#format.readRequest(message.url ?? '', body)
    if (!request) {
      response.writeHead(404).end(`Not served here: ${message.url}`)
      return
    }
    await this.#handOut(new Exchange(message, response, body, request, this.#format))
  }

  #tellModels({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
    this.modelRequests.push({ path: url, headers })
    const isServed = url.split('?')[0] === this.#format.modelsPath
    const { status, body } = isServed ? this.models : { status: 404, body: `Not served here: ${url}` }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  async #handOut(exchange: Exchange): Promise<void> {
    if (!this.#handler) {
      const taker = this.#takers.shift()
      if (taker) taker.resolve(exchange)
      else this.#waiting.push(exchange)
      return
    }
    try {
      await this.#handler(exchange)
    } catch (error) {
      this.#failure ??= { error }
      exchange.reset()
    }
  }
}
