import type { LookupAddress } from 'node:dns'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { http } from '../base/node-http.ts'

interface Post {
  /** The addresses to which the connection may go. No others are looked up. */
  readonly addresses: readonly LookupAddress[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

interface PostAnswer {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
}

/** What is read of the body of an answer, and thrown away. */
const MAX_ANSWER_BYTES = 4_096

// Agents of their own: those of Node.js would go through the proxy of the environment, and keep connections to be used again, whose
// address was checked for an earlier attempt.
const HTTP_AGENT = new http.Agent({ keepAlive: false })
const HTTPS_AGENT = new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 })

/**
 * Sends one POST over a new connection to one of the addresses, and reads no more of the answer than its status, its headers and
 * some bytes of its body. Redirects are not followed. The certificate must be one for the host of the URL.
 * @throws Error there was no answer, or the signal was aborted before one came
 */
export function post(url: URL, { addresses, headers, body, signal }: Post): Promise<PostAnswer> {
  const isSecure = url.protocol === 'https:'
  const options: RequestOptions = { method: 'POST', headers, lookup: pinnedTo(addresses), signal }
  return new Promise((resolve, reject) => {
    let answer: PostAnswer | undefined
    // The status was sent, whatever becomes of the body.
    const end = (error: Error) => (answer ? resolve(answer) : reject(error))
    const read = (response: IncomingMessage) => {
      const { statusCode: status = 0, headers } = response
      answer = { status, headers: { get: (name) => [headers[name]].flat()[0] ?? null } }
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) response.destroy()
      })
      response.on('error', end)
    }
    const request = isSecure
      ? httpsRequest(url, { ...options, agent: HTTPS_AGENT, rejectUnauthorized: true }, read)
      : http.request(url, { ...options, agent: HTTP_AGENT }, read)
    request.on('error', end)
    // Also of an answer that wants another protocol, for which there is no error.
    request.on('close', () => end(new Error('The connection was closed without an answer')))
    request.end(body)
  })
}

/** In the place of a lookup: gives the addresses that were checked, however the host is looked up now. */
function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (_, { all }, callback) => {
    const [first] = addresses
    if (all) callback(null, [...addresses])
    else if (first) callback(null, first.address, first.family)
  }
}
