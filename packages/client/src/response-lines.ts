import { ConnectionError } from './errors.ts'
import { connectionError, type Http } from './http.ts'

export interface ConnectionOptions {
  readonly signal: AbortSignal | undefined
  /** How long a connection may be idle before it counts as broken, in milliseconds. */
  readonly idleTimeoutMs: number
}

/**
 * The lines of one streamed response, without line breaks. Text behind the last line break is dropped, because that line was cut
 * off. The connection is not idle while the lines that have come are handled.
 * @param accept the media type of the response
 * @throws ApiError the server refused
 * @throws ConnectionError there was no response, or the connection broke or was idle
 * @throws the reason of the signal, if the signal aborts
 */
export async function* responseLines(
  http: Http,
  path: string,
  accept: string,
  { signal, idleTimeoutMs }: ConnectionOptions,
): AsyncGenerator<string, void> {
  const idle = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expectBytes = () => {
    const error = new ConnectionError(`The server sent nothing for ${idleTimeoutMs} ms.`)
    timer = setTimeout(() => idle.abort(error), idleTimeoutMs)
  }
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    expectBytes()
    const response = await http.send(path, {
      headers: { accept },
      signal: signal ? AbortSignal.any([signal, idle.signal]) : idle.signal,
    })
    if (!response.body) throw new ConnectionError('The stream has no body.')
    reader = response.body.getReader()
    const decoder = new TextDecoder()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      clearTimeout(timer)
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
      expectBytes()
    }
  } catch (error) {
    throw connectionError(error, signal)
  } finally {
    clearTimeout(timer)
    // Closes the connection when the loop is left early. The promise rejects when the connection has failed; `read` reported that.
    reader?.cancel().catch(() => {})
  }
}
