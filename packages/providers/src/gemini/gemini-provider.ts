import type { CompletionOptions, CompletionSummary, LLMProvider } from '../llm-provider.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { readGeminiChunk } from './gemini-chunk.ts'
import { GEMINI_MODELS } from './gemini-models.ts'

export const GEMINI_BASE_URL = 'https://generativelanguage.googleapis.com'

export interface GeminiProviderOptions {
  /** Called at each call, so that a key can appear or change while the server runs. */
  readonly apiKey: () => string | undefined
  /** The address without the version: the SDK appends `/v1beta`. Default: `GEMINI_BASE_URL`. */
  readonly baseUrl?: string | undefined
  /** Default: `GEMINI_MODELS`. */
  readonly models?: readonly string[] | undefined
}

/** The SDK, loaded when it is first used. */
const loadClient = () => import('./gemini-client.ts')

/**
 * Google's Gemini through `@google/generative-ai`. The SDK hides two facts: the `Retry-After` header, so the wait comes
 * from `RetryInfo` in the body, and the system's code of a failed connection, so there is no `provider-timeout`.
 */
export class GeminiProvider implements LLMProvider {
  readonly name = 'gemini'
  readonly models: readonly string[]
  readonly #apiKey: () => string | undefined
  readonly #baseUrl: string

  constructor(options: GeminiProviderOptions) {
    this.models = options.models ?? GEMINI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = (options.baseUrl ?? GEMINI_BASE_URL).replace(/\/+$/, '')
  }

  async prepare(): Promise<void> {
    await loadClient()
  }

  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined> {
    return streamFromVendor({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: async (apiKey, signal) => {
        const { askGemini } = await loadClient()
        return await askGemini({ ...options, apiKey, signal, prompt, baseUrl: this.#baseUrl })
      },
      read: readGeminiChunk,
      explain: async (error) => (await loadClient()).geminiFailure(error),
    })
  }
}
