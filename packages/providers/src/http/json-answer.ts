import { Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { parsedJson } from '../parsed-json.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { httpFetch } from './http-fetch.ts'
import { MessageResponse } from './message-response.ts'

/** An answer to `getJson` that is no success. */
export interface RefusedGet {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where the request went, without its query. */
  readonly address: string
}

interface JsonRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** The most bytes of the answer. */
  readonly maxBytes: number
}

/** Words of an error that are read. */
const MAX_ERROR_CHARS = 16_384

/**
 * Gets a JSON document that is not a stream.
 * @returns `json`, or `refused` for a status other than 2xx
 * @throws VendorFailed the answer is no JSON, or is longer than `maxBytes`
 * @throws the error of the socket, or the signal's reason
 */
export async function getJson({
  url,
  headers,
  signal,
  maxBytes,
}: JsonRequest): Promise<{ readonly json: unknown } | { readonly refused: RefusedGet }> {
  const response = await httpFetch(url, { headers: { accept: 'application/json', ...headers }, signal })
  const address = url.origin + url.pathname
  if (!(response instanceof MessageResponse)) {
    const words = await response.text().catch(String)
    return {
      refused: { status: response.status, headers: response.headers, text: words.slice(0, MAX_ERROR_CHARS), address },
    }
  }
  const whole = limited(maxBytes)
  const [body] = await Promise.all([text(whole), pipeline(response.content, whole)])
  const json = parsedJson(body)
  if (json !== undefined) return { json }
  throw new VendorFailed({ code: 'provider-malformed', what: `answered at ${address} with something that is no JSON` })
}

/** Passes bytes on, up to a limit. */
function limited(maxBytes: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      bytes += chunk.length
      const isTooLong = bytes > maxBytes
      done(
        isTooLong ? new VendorFailed({ code: 'provider-malformed', what: `sent more than ${maxBytes} bytes` }) : null,
        chunk,
      )
    },
  })
}
