import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { promptText } from '../prompt-text.ts'
import { valueAt } from '../value-at.ts'
import { BackgroundRun } from './background-run.ts'
import { textAt } from './read-request.ts'
import { responsesMessagesOf } from './responses-messages.ts'

/** A request that created a run. */
export interface CreatedRun {
  readonly run: BackgroundRun
  readonly prompt: string
  /** The parsed JSON of the request. */
  readonly body: unknown
}

type Handler = (created: CreatedRun) => Promise<void> | void

/** An answer with which the vendor takes no request. */
export interface BackgroundRefusal {
  readonly status: number
  /** Undefined: it does not tell when it takes requests again. */
  readonly retryAfterSeconds?: number | undefined
}

/**
 * OpenAI's Responses API on 127.0.0.1, in background mode: its runs survive broken connections and the death of their clients,
 * and every created run is counted, because it is paid for.
 */
export class BackgroundVendor implements AsyncDisposable {
  /** The base URL for the provider. */
  readonly url: string
  /** All runs that were created, and so have to be paid, by id. */
  readonly created = new Map<string, CreatedRun>()
  /** Whether runs may be streamed when they are joined. A real vendor refuses that after about five minutes. */
  streamsJoined = true
  /** Says whether a request is refused, such as `POST /v1/responses`. */
  refusalOf: (request: string) => BackgroundRefusal | undefined = () => undefined
  /** The requests for runs so far, such as `GET /v1/responses/resp_1?stream=true`. */
  readonly joins: string[] = []
  readonly #server: Server
  readonly #waiting: CreatedRun[] = []
  readonly #takers: PromiseWithResolvers<CreatedRun>[] = []
  #handler: Handler | undefined
  #failure: { readonly error: unknown } | undefined

  static async start(): Promise<BackgroundVendor> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new BackgroundVendor(server)
  }

  private constructor(server: Server) {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The vendor does not listen on a TCP port.')
    this.url = `http://127.0.0.1:${address.port}/v1`
    this.#server = server
    server.on('request', (request, response) => this.#receive(request, response).catch(() => response.destroy()))
  }

  /** The next run that is created, in order. The test says what it says. */
  nextRun(): Promise<CreatedRun> {
    const created = this.#waiting.shift()
    if (created) return Promise.resolve(created)
    const taker = Promise.withResolvers<CreatedRun>()
    this.#takers.push(taker)
    return taker.promise
  }

  /** Passes each run that is created from now on to the handler. `close` throws the handler's error. */
  runWith(handler: Handler): void {
    this.#handler = handler
  }

  /** Forgets a run, as a vendor does after 30 days. */
  forget(id: string): void {
    this.created.delete(id)
  }

  /** Breaks every connection. The runs go on. */
  breakConnections(): void {
    for (const { run } of this.created.values()) run.breakConnections()
  }

  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    if (this.#failure) throw this.#failure.error
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', this.url)
    const refusal = this.refusalOf(`${request.method} ${request.url}`)
    if (refusal) {
      request.resume()
      const { status, retryAfterSeconds } = refusal
      refuse(response, status, 'Not now.', retryAfterSeconds)
      return
    }
    if (request.method === 'POST' && pathname === '/v1/responses') this.#create(await json(request), response)
    else this.#join(request, response)
  }

  #join(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url)
    const [, id = '', action] = /^\/v1\/responses\/([^/]+)(\/cancel)?$/.exec(pathname) ?? []
    this.joins.push(`${request.method} ${request.url}`)
    const run = this.created.get(id)?.run
    if (!run) {
      refuse(response, 404, `Response with id '${id}' not found.`)
    } else if (request.method === 'POST' && action) {
      run.end('cancelled')
      tell(response, run.response)
    } else if (searchParams.get('stream') !== 'true') {
      tell(response, run.response)
    } else if (this.streamsJoined) {
      run.stream(response, Number(searchParams.get('starting_after') ?? -1))
    } else {
      refuse(response, 400, 'The response can no longer be streamed.')
    }
  }

  #create(body: unknown, response: ServerResponse): void {
    if (valueAt(body, 'background') === true && valueAt(body, 'store') !== true) {
      refuse(response, 400, 'Background mode requires store to be true.')
      return
    }
    const run = new BackgroundRun(`resp_${this.created.size + 1}`, textAt(body, 'model') ?? '')
    const created = { run, prompt: promptText(responsesMessagesOf(valueAt(body, 'input'))), body }
    this.created.set(run.id, created)
    // Not in the background a run ends with its connection.
    if (valueAt(body, 'background') !== true) response.once('close', () => run.end('cancelled'))
    run.stream(response, -1)
    this.#handOut(created)
  }

  #handOut(created: CreatedRun): void {
    if (this.#handler) {
      Promise.resolve(this.#handler(created)).catch((error: unknown) => {
        this.#failure ??= { error }
      })
      return
    }
    const taker = this.#takers.shift()
    if (taker) taker.resolve(created)
    else this.#waiting.push(created)
  }
}

/** Starts a vendor that speaks OpenAI's Responses API in background mode. */
export function startBackgroundVendor(): Promise<BackgroundVendor> {
  return BackgroundVendor.start()
}

function tell(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, message: string, retryAfterSeconds?: number): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  })
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } }))
}
