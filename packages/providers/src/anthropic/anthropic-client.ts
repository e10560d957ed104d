import { Anthropic } from '@anthropic-ai/sdk'
import { askVendor } from '../http/ask-vendor.ts'
import type { HttpAnswer } from '../http/http-answer.ts'
import type { Refusal } from '../http/refusal.ts'
import { RequestHeads } from '../http/request-heads.ts'
import type { AnthropicRequest } from './anthropic-request.ts'

const PATH = '/v1/messages'

/** The SDK's client. It takes nothing from the environment: no address, no token, no headers, no log level. */
export class IsolatedAnthropic extends Anthropic {
  readonly #heads = new RequestHeads()
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
   * Sends the request for a message and waits for the headers. The SDK builds its head and adds the key. It does not send the
   * request, because its sending costs more than ours (docs/decisions/2026-11-25-cost-of-a-job.md).
   * @param headers sent beside those of the SDK
   * @throws VendorFailed the vendor could not be reached
   */
  async ask(
    body: AnthropicRequest,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | Refusal> {
    const sent = this.#hasKey ? headers : { ...headers, authorization: null }
    const build = () => this.buildRequest({ method: 'post', path: PATH, body: {}, stream: true, headers: sent })
    return await askVendor(await this.#heads.of(PATH, sent, build), body, signal)
  }
}
