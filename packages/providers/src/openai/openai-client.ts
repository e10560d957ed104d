import { OpenAI } from 'openai'
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

/** The SDK refuses an empty key. */
const NO_KEY = 'none'

/** The SDK's client. It takes nothing from the environment: no address, no headers, no log level. */
export class IsolatedOpenAI extends OpenAI {
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
   * Sends the request for a completion and waits for the headers. The SDK builds the request and adds the key. It does
   * not send the request, because its sending costs 0.1 ms a job more (docs/decisions/2026-11-25-cost-of-a-job.md).
   *
   * The request is not repeated, because only the runner of the job knows whether a token was published.
   * @param path the path behind the base URL, such as `/chat/completions`
   * @param headers sent beside those of the SDK
   * @throws VendorFailed the vendor could not be reached
   */
  async ask(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response | Refusal> {
    // A server without keys gets no header for one.
    const sent = this.apiKey === NO_KEY ? { ...headers, authorization: null } : headers
    const { req, url } = await this.buildRequest({ method: 'post', path, body, stream: true, headers: sent })
    const response = await httpFetch(url, { ...req, signal }).catch((error: unknown) => {
      throw new VendorFailed(failureOfSending(error))
    })
    if (response.ok) return response
    const { origin, pathname } = new URL(url)
    const text = await response.text().catch(String)
    return { status: response.status, headers: response.headers, text, address: origin + pathname }
  }
}
