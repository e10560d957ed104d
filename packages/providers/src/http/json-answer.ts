import { Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { parsedJson } from '../parsed-json.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import { sendRequest } from './send-request.ts'

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
}: JsonRequest): Promise<{ readonly json: unknown } | { readonly refused: Refusal }> {
  const answer = await sendRequest(url, { headers: { accept: 'application/json', ...headers }, signal })
  if (!answer.isOk) {
    const refusal = await refusalOf(answer, url)
    return { refused: { ...refusal, text: refusal.text.slice(0, MAX_ERROR_CHARS) } }
  }
  const whole = limited(maxBytes)
  const [body] = await Promise.all([text(whole), pipeline(answer.content, whole)])
  const json = parsedJson(body)
  if (json !== undefined) return { json }
  throw new VendorFailed({
    code: 'provider-malformed',
    what: `answered at ${url.origin + url.pathname} with something that is no JSON`,
  })
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
