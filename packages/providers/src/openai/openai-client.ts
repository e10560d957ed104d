import { APIConnectionError, OpenAI } from 'openai'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { httpFetch } from '../http/http-fetch.ts'

/** The SDK's client with nothing taken from the environment: no address, no headers, no log level. */
export class IsolatedOpenAI extends OpenAI {
  constructor(apiKey: string, baseURL: string) {
    super({
      apiKey,
      baseURL,
      // Not undefined: that makes the SDK look for a variable.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
    })
    // OPENAI_CUSTOM_HEADERS is read whatever the options say.
    delete this._options.defaultHeaders
  }

  /**
   * Asks for a completion and waits for the headers. The SDK builds the request, signs it, and makes an error of a refusal; it
   * does not send it itself, because around a request that is neither retried, logged nor parsed by it, it composes signals
   * and log lines that take longer than all tokens of a short answer.
   *
   * Nothing is sent again: only the runner of the job knows whether a token was published.
   * @throws APIError the vendor refused
   * @throws APIConnectionError there was no answer, because of its `cause`
   */
  async ask(body: ChatCompletionCreateParamsStreaming, signal: AbortSignal): Promise<Response> {
    const { req, url } = await this.buildRequest({ method: 'post', path: '/chat/completions', body, stream: true })
    const response = await httpFetch(url, { ...req, signal }).catch((error: unknown) => {
      throw new APIConnectionError({ cause: error instanceof Error ? error : new Error(String(error)) })
    })
    if (response.ok) return response
    const text = await response.text().catch(String)
    const error = parsed(text)
    throw this.makeStatusError(response.status, error ?? {}, error ? undefined : text, response.headers)
  }
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
