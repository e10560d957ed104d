import { Anthropic } from '@anthropic-ai/sdk'
import { httpFetch } from '../http/http-fetch.ts'
import { failureOfSending } from '../openai/openai-failure.ts'
import { VendorFailed } from '../vendor-failure.ts'
import type { AnthropicRequest } from './anthropic-request.ts'

/** The answer to a request that was not accepted. */
export interface Refusal {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where the request went, without its query. */
  readonly address: string
}

/** The SDK's client. It takes nothing from the environment: no address, no token, no headers, no log level. */
export class IsolatedAnthropic extends Anthropic {
  readonly #hasKey: boolean

  /** @param apiKey empty: the server needs none */
  constructor(apiKey: string, baseURL: string) {
    // With a key, the SDK looks for no other credentials.
    super({ apiKey: apiKey || 'none', baseURL, webhookKey: null, logLevel: 'off', openTelemetry: false })
    // The SDK reads ANTHROPIC_CUSTOM_HEADERS whatever the options say, and its types hide where it keeps them.
    const options: unknown = Reflect.get(this, '_options')
    if (typeof options === 'object' && options !== null) Reflect.deleteProperty(options, 'defaultHeaders')
    this.#hasKey = apiKey !== ''
  }

  /**
   * Sends the request for a message and waits for the headers. The SDK builds the request and adds the key. It does not
   * send the request, because its sending costs more than ours (docs/decisions/2026-11-25-cost-of-a-job.md).
   *
   * The request is not repeated, because only the runner of the job knows whether a token was published.
   * @param headers sent beside those of the SDK
   * @throws VendorFailed the vendor could not be reached
   */
  async ask(
    body: AnthropicRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response | Refusal> {
    const sent = this.#hasKey ? headers : { ...headers, authorization: null }
    const { req, url } = await this.buildRequest({
      method: 'post',
      path: '/v1/messages',
      body,
      stream: true,
      headers: sent,
    })
    const response = await httpFetch(url, { ...req, signal }).catch((error: unknown) => {
      throw new VendorFailed(failureOfSending(error))
    })
    if (response.ok) return response
    const { origin, pathname } = new URL(url)
    const text = await response.text().catch(String)
    return { status: response.status, headers: response.headers, text, address: origin + pathname }
  }
}
