import { OpenAI } from 'openai'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { httpFetch } from '../http/http-fetch.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { failureOfSending } from './openai-failure.ts'

/** The answer to a request that was not accepted. */
export interface Refusal {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where the request went, without its query. */
  readonly address: string
}

/** The SDK's client. It takes nothing from the environment: no address, no headers, no log level. */
export class IsolatedOpenAI extends OpenAI {
  constructor(apiKey: string, baseURL: string) {
    super({
      apiKey,
      baseURL,
      // Not undefined: then the SDK would read a variable.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
    })
    // The SDK reads OPENAI_CUSTOM_HEADERS whatever the options say.
    delete this._options.defaultHeaders
  }

  /**
   * Sends the request for a completion and waits for the headers. The SDK builds the request and adds the key. It does
   * not send the request, because its sending costs 0.1 ms a job more (docs/decisions/2026-11-25-cost-of-a-job.md).
   *
   * The request is not repeated, because only the runner of the job knows whether a token was published.
   * @throws VendorFailed the vendor could not be reached
   */
  async ask(body: ChatCompletionCreateParamsStreaming, signal: AbortSignal): Promise<Response | Refusal> {
    const { req, url } = await this.buildRequest({ method: 'post', path: '/chat/completions', body, stream: true })
    const response = await httpFetch(url, { ...req, signal }).catch((error: unknown) => {
      throw new VendorFailed(failureOfSending(error))
    })
    if (response.ok) return response
    const { origin, pathname } = new URL(url)
    const text = await response.text().catch(String)
    return { status: response.status, headers: response.headers, text, address: origin + pathname }
  }
}
