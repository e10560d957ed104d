import { OpenAI } from 'openai'
import { httpFetch } from '../http/http-fetch.ts'

/** The SDK's client with nothing taken from the environment: no address, no headers, no log level, no retries. */
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
      // The runner of the job retries, because only it knows whether a token was published.
      maxRetries: 0,
      fetch: httpFetch,
    })
    // OPENAI_CUSTOM_HEADERS is read whatever the options say.
    delete this._options.defaultHeaders
  }
}
