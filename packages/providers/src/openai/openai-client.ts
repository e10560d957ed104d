import { OpenAI } from 'openai'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { httpFetch } from '../http/http-fetch.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { failureOfRefusal, failureOfSending } from './openai-failure.ts'

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
   * Sends the request for a completion and waits for the headers. The SDK builds the request, adds the key and reads a
   * refusal. It does not send the request, because its sending costs 0.1 ms a job more
   * (docs/decisions/2026-11-25-cost-of-a-job.md).
   *
   * The request is not repeated, because only the runner of the job knows whether a token was published.
   * @throws VendorFailed the vendor refused the request or could not be reached
   */
  async ask(body: ChatCompletionCreateParamsStreaming, signal: AbortSignal): Promise<Response> {
    const { req, url } = await this.buildRequest({ method: 'post', path: '/chat/completions', body, stream: true })
    const response = await httpFetch(url, { ...req, signal }).catch((error: unknown) => {
      throw new VendorFailed(failureOfSending(error))
    })
    if (response.ok) return response
    const { status, headers } = response
    const text = await response.text().catch(String)
    const error = parsed(text)
    const refusal = this.makeStatusError(status, error ?? {}, error ? undefined : text, headers)
    throw new VendorFailed(failureOfRefusal(status, refusal))
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
