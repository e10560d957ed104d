import { type GenerationConfig, GoogleGenerativeAI } from '@google/generative-ai'
import type { CompletionOptions, CompletionSummary, LLMProvider } from '../llm-provider.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { readGeminiChunk } from './gemini-chunk.ts'
import { geminiFailure } from './gemini-failure.ts'
import { GEMINI_MODELS } from './gemini-models.ts'

const DEFAULT_BASE_URL = 'https://generativelanguage.googleapis.com'

/** Where Gemini is found. */
export interface GeminiProviderOptions {
  /** Asked at each call, so that a key can appear or change while the server runs. */
  readonly apiKey: () => string | undefined
  /** Without the version: the SDK appends `/v1beta`. Default: Google's own address. */
  readonly baseURL?: string | undefined
  /** Default: `GEMINI_MODELS`. */
  readonly models?: readonly string[] | undefined
}

/**
 * Google's Gemini through `@google/generative-ai`. What that SDK hides stays hidden: the `Retry-After` header (the wait comes
 * from `RetryInfo` in the body instead) and the system's code of a failed connection (so no `provider-timeout`).
 */
export class GeminiProvider implements LLMProvider {
  readonly name = 'gemini'
  readonly models: readonly string[]
  readonly #apiKey: () => string | undefined
  readonly #baseUrl: string

  constructor(options: GeminiProviderOptions) {
    this.models = options.models ?? GEMINI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = (options.baseURL ?? DEFAULT_BASE_URL).replace(/\/+$/, '')
  }

  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined> {
    return streamFromVendor({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) => this.#open(apiKey, signal, prompt, options),
      read: readGeminiChunk,
      explain: geminiFailure,
    })
  }

  async #open(apiKey: string, signal: AbortSignal, prompt: string, options: CompletionOptions) {
    const { model, system, temperature, maxTokens } = options
    const generationConfig: GenerationConfig = {
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    }
    const generativeModel = new GoogleGenerativeAI(apiKey).getGenerativeModel(
      { model, generationConfig, ...(system && { systemInstruction: system }) },
      // All of its transport that can be chosen: the global fetch asks for gzip, which costs time for each token.
      { baseUrl: this.#baseUrl, customHeaders: { 'accept-encoding': 'identity' } },
    )
    // Leaving the iterator early stops nothing in this SDK; only the signal closes the connection.
    const { stream, response } = await generativeModel.generateContentStream(prompt, { signal })
    // The same stream a second time, aggregated: it fails by itself, and nobody awaits it.
    response.catch(() => {})
    return stream
  }
}
