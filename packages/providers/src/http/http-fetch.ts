import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { responseOf } from './message-response.ts'

const MAX_REDIRECTS = 5
const CONNECT_TIMEOUT_MS = 10_000

interface Call {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * `fetch` over Node's own HTTP, for what an SDK has built: web streams cost more than the rest of a token.
 * A 2xx answer is a `MessageResponse`, whose content is a Node stream.
 *
 * Bodies are strings. Only 307 and 308 to the same origin are followed, as the headers hold a key; any other redirect is the
 * answer. Connections are those of Node's global agent: kept alive, and through a proxy if Node was told to use one.
 * @throws the signal's reason, or the error of the socket with its `code`
 */
export async function httpFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  if (input instanceof Request) throw new TypeError('httpFetch takes an address, not a Request.')
  const call = callOf(init)
  let url = new URL(input)
  for (let redirects = 0; ; redirects += 1) {
    const message = await sendFresh(url, call)
    const target = redirects < MAX_REDIRECTS ? redirectOf(message, url) : undefined
    if (!target) return responseOf(message)
    message.destroy()
    url = target
  }
}

function callOf({ method = 'GET', headers, body, signal }: RequestInit): Call {
  if (body != null && typeof body !== 'string') throw new TypeError('httpFetch sends strings only.')
  return {
    method,
    // A compressed stream costs time for each token, and may hold tokens back.
    headers: {
      ...Object.fromEntries(headers instanceof Headers ? headers : new Headers(headers)),
      'accept-encoding': 'identity',
    },
    body: body ?? undefined,
    signal: signal ?? undefined,
  }
}

/** Where a redirect leads that may be followed with the method, the body and the key as they are. */
function redirectOf({ statusCode, headers }: IncomingMessage, from: URL): URL | undefined {
  if ((statusCode !== 307 && statusCode !== 308) || !headers.location) return undefined
  const target = URL.parse(headers.location, from.href)
  return target?.origin === from.origin ? target : undefined
}

/** A connection that the vendor closed while it was idle. */
class StaleConnectionError extends Error {}

async function sendFresh(url: URL, call: Call): Promise<IncomingMessage> {
  try {
    return await send(url, call)
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error
    // Once, and only because not a byte came back: see docs/decisions/2026-11-23-provider-speed.md.
    return send(url, call).catch((again) => Promise.reject(again instanceof StaleConnectionError ? again.cause : again))
  }
}

/** Sends the request and waits for the headers. From then on, an abort destroys the message. */
function send(url: URL, { method, headers, body, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    // No time-out of the socket's own, which would be set anew for each piece that comes: the caller has its limits, and the
    // agent sets one again when the connection is idle.
    const options = { method, headers, timeout: 0 }
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options)
    let message: IncomingMessage | undefined
    const abort = () => {
      reject(signal?.reason)
      const connection = message ?? request
      connection.destroy()
    }
    signal?.addEventListener('abort', abort, { once: true })
    const isStale = watchSocket(request)
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(isStale(error) ? new StaleConnectionError('', { cause: error }) : error),
    )
    request.once('response', (response) => {
      message = response
      // Its reader hears of errors too; this one stands in until there is a reader, and after it has gone.
      message.on('error', () => {})
      resolve(message)
    })
    request.once('close', () => signal?.removeEventListener('abort', abort))
    request.end(body)
  })
}

/**
 * Limits the time that connecting may take.
 * @returns whether an error is that of a kept connection that broke without a byte in answer
 */
function watchSocket(request: ClientRequest): (error: NodeJS.ErrnoException) => boolean {
  let bytesBefore = 0
  request.once('socket', (socket) => {
    bytesBefore = socket.bytesRead
    if (!socket.connecting) return
    const error = Object.assign(new Error('The connection timed out.'), { code: 'ETIMEDOUT' })
    const timer = setTimeout(() => request.destroy(error), CONNECT_TIMEOUT_MS)
    socket.once(request.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timer))
    request.once('close', () => clearTimeout(timer))
  })
  return ({ code }) => {
    const { reusedSocket, socket } = request
    return reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') && socket?.bytesRead === bytesBefore
  }
}
