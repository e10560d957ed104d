import { OpenAI } from 'openai'
import { askVendor } from '../http/ask-vendor.ts'
import type { HttpAnswer } from '../http/http-answer.ts'
import type { Refusal } from '../http/refusal.ts'
import { RequestHeads } from '../http/request-heads.ts'

/** The SDK refuses an empty key. */
const NO_KEY = 'none'

/** The SDK's client. It takes nothing from the environment: no address, no headers, no log level. */
export class IsolatedOpenAI extends OpenAI {
  readonly #heads = new RequestHeads()

  /** @param apiKey empty: the server needs none */
  constructor(apiKey: string, baseURL: string) {
    super({
      apiKey: apiKey || NO_KEY,
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
   * Sends the request for a completion and waits for the headers. The SDK builds its head and adds the key. It does not send
   * the request, because its sending costs 0.1 ms a job more (docs/decisions/2026-11-25-cost-of-a-job.md).
   * @param path the path behind the base URL, such as `/chat/completions`
   * @param headers sent beside those of the SDK
   * @throws VendorFailed the vendor could not be reached
   */
  async ask(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | Refusal> {
    // A server without keys gets no header for one.
    const sent = this.apiKey === NO_KEY ? { ...headers, authorization: null } : headers
    const build = () => this.buildRequest({ method: 'post', path, body: {}, stream: true, headers: sent })
    return await askVendor(await this.#heads.of(path, sent, build), body, signal)
  }
}
