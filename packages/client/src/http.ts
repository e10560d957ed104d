import { ApiError, ConnectionError, PromptLabError } from './errors.ts'
import { Retry, type RetryPolicy } from './retry.ts'

export interface HttpOptions {
  readonly baseUrl: string
  readonly apiKey: string | (() => string | undefined) | undefined
  readonly fetch: typeof fetch
  readonly retries: RetryPolicy
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  readonly signal?: AbortSignal | undefined
}

/** Sends requests to one server, with the API key, and turns every failure into an error of this client. */
export class Http {
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#options = options
  }

  /**
   * Sends a request once.
   * @throws ApiError the server refused
   * @throws ConnectionError there was no response
   */
  async send(path: string, { method = 'GET', headers = {}, body, signal }: HttpRequest): Promise<Response> {
    const { baseUrl, apiKey, fetch } = this.#options
    const key = typeof apiKey === 'function' ? apiKey() : apiKey
    const init: RequestInit = {
      method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
        ...(key && { authorization: `Bearer ${key}` }),
      },
      // A cached response may be out of date.
      cache: 'no-store',
    }
    if (body) init.body = JSON.stringify(body)
    if (signal) init.signal = signal
    const response = await fetch(baseUrl + path, init).catch((error: unknown) => {
      throw connectionError(error, signal)
    })
    if (!response.ok) throw await ApiError.from(response)
    return response
  }

  /**
   * Sends a request, repeats it after failures, and reads the response. Only for requests that may arrive twice.
   * @param isExpected whether the response is one of this API; another server may answer at this address
   */
  async call<Answer>(
    path: string,
    request: HttpRequest,
    isExpected: (value: unknown) => value is Answer,
  ): Promise<Answer> {
    return await this.#untilAnswered(request.signal, async () => {
      const response = await this.send(path, request)
      const answer: unknown = await response.json().catch((error: unknown) => {
        throw connectionError(error, request.signal)
      })
      if (isExpected(answer)) return answer
      throw new ConnectionError(`The server at ${this.#options.baseUrl} is not a PromptLab Jobs API. Check baseUrl.`)
    })
  }

  /** Reads the bytes at the path, with their type; repeats the request after failures. */
  async blob(path: string, signal: AbortSignal | undefined): Promise<Blob> {
    return await this.#untilAnswered(signal, async () => {
      const response = await this.send(path, { headers: { accept: '*/*' }, signal })
      return await response.blob().catch((error: unknown) => {
        throw connectionError(error, signal)
      })
    })
  }

  /** Deletes the resource at the path; repeats the request after failures. */
  async delete(path: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#untilAnswered(signal, async (isRepeated) => {
      await this.send(path, { method: 'DELETE', signal }).catch((error: unknown) => {
        // A repeated request finds nothing if the first one was carried out and only its response was lost.
        if (!(isRepeated && error instanceof ApiError && error.status === 404)) throw error
      })
    })
  }

  async #untilAnswered<Answer>(
    signal: AbortSignal | undefined,
    attempt: (isRepeated: boolean) => Promise<Answer>,
  ): Promise<Answer> {
    const retry = new Retry(this.#options.retries, signal)
    for (;;) {
      try {
        return await attempt(retry.failures > 0)
      } catch (error) {
        await retry.after(error)
      }
    }
  }
}

/** Turns an error of `fetch` into one of this client. After an abort, the error is the reason of the signal. */
export function connectionError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof PromptLabError) return error
  return new ConnectionError('The connection to the server failed.', { cause: error })
}
