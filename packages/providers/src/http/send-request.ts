import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { HttpAnswer } from './http-answer.ts'
import { http } from './node-http.ts'

const MAX_REDIRECTS = 5
const CONNECT_TIMEOUT_MS = 10_000

/** What is sent. */
export interface HttpRequest {
  /** Default: `GET`. */
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends a request over Node's own HTTP, and waits for the headers of the answer. The web streams of the global `fetch` double
 * the cost of a token (docs/decisions/2026-11-23-provider-speed.md).
 *
 * The headers hold a key, so a redirect is followed only if it is a 307 or 308 to the same origin; any other redirect is the
 * answer. Node's global agent makes the connections: it keeps them alive, and it uses a proxy if Node is told to use one.
 * @throws the signal's reason, or the error of the socket with its `code`
 */
export async function sendRequest(address: string | URL, request: HttpRequest): Promise<HttpAnswer> {
  // A compressed stream costs time for each token, and it may hold tokens back.
  const sent = { ...request, headers: { ...request.headers, 'accept-encoding': 'identity' } }
  let url = typeof address === 'string' ? new URL(address) : address
  for (let redirects = 0; ; redirects += 1) {
    const message = await sendFresh(url, sent)
    const target = redirects < MAX_REDIRECTS ? redirectOf(message, url) : undefined
    if (!target) return new HttpAnswer(message)
    message.destroy()
    url = target
  }
}

/** The target of a redirect that may get the same method, body and key. Undefined for any other answer. */
function redirectOf({ statusCode, headers }: IncomingMessage, from: URL): URL | undefined {
  if ((statusCode !== 307 && statusCode !== 308) || !headers.location) return undefined
  const target = URL.parse(headers.location, from.href)
  return target?.origin === from.origin ? target : undefined
}

/** The vendor closed a connection while it was idle. */
class StaleConnectionError extends Error {}

async function sendFresh(url: URL, sent: HttpRequest): Promise<IncomingMessage> {
  try {
    return await send(url, sent)
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error
    // The request is sent again once, and only because no byte came back (docs/decisions/2026-11-23-provider-speed.md).
    return send(url, sent).catch((again) => Promise.reject(again instanceof StaleConnectionError ? again.cause : again))
  }
}

/** Sends the request and waits for the headers. An abort after that destroys the message. */
function send(url: URL, { method = 'GET', headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    // The socket has no time-out of its own, which Node would restart for each chunk. The runner of the job has time
    // limits, and the agent sets a time-out again when the connection is idle.
    const options = { method, headers, timeout: 0 }
    const request = (url.protocol === 'https:' ? httpsRequest : http.request)(url, options)
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
      // The reader of the message listens for errors too. This listener covers the time before and after that reader.
      message.on('error', () => {})
      resolve(message)
    })
    request.once('close', () => signal?.removeEventListener('abort', abort))
    request.end(body)
  })
}

/**
 * Limits the time for connecting to 10 s.
 * @returns a function that says whether an error means that a kept connection broke before the first byte of the answer
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
