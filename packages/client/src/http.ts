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

/** Requests to one server: with its key, and with every failure as an error of this client. */
export class Http {
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#options = options
  }

  /**
   * Sends a request once.
   * @throws ApiError the server refused
   * @throws ConnectionError there was no answer
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
      // What a cache has is what the server said before.
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
   * Sends a request until it is answered, and reads the answer. Only for requests that may come twice.
   * @param isExpected what tells the answer from anything else that may stand at this address
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
      throw new ConnectionError(`Something other than the PromptLab Jobs API answers at ${this.#options.baseUrl}.`)
    })
  }

  /** Deletes what is at the path. */
  async delete(path: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#untilAnswered(signal, async (isRepeated) => {
      await this.send(path, { method: 'DELETE', signal }).catch((error: unknown) => {
        // The answer to the first try was lost, but not the try.
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

/** What fetch throws, as an error of this client; an abort of the caller stays what it is. */
export function connectionError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof PromptLabError) return error
  return new ConnectionError('The connection to the server failed.', { cause: error })
}
