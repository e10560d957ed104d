import type { JobOptions } from '@promptlab/contract'
import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { isPrivateAddress } from '../server-address.ts'
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
  /** Called with a sentence for the operator's log, once for each model that does not think. */
  readonly onNotice?: ((notice: string) => void) | undefined
}

const OPTIONS = [
  'system',
  'temperature',
  'maxTokens',
  'topP',
  'stop',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'reasoning',
  'tools',
  'toolChoice',
  'responseFormat',
] as const satisfies readonly (keyof JobOptions)[]

/** The SDK, loaded when it is first used. */
const loadClient = () => import('./gemini-client.ts')

/**
 * Google's Gemini through `@google/generative-ai`. The SDK hides two facts: the `Retry-After` header, so the wait comes
 * from `RetryInfo` in the body, and the system's code of a failed connection, so there is no `provider-timeout`.
 */
export class GeminiProvider implements LLMProvider {
  readonly name = 'gemini'
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #apiKey: () => string | undefined
  readonly #baseUrl: string
  readonly #onNotice: (notice: string) => void
  /** The models that refused to be asked for their thoughts. */
  readonly #thoughtless = new Set<string>()

  constructor(options: GeminiProviderOptions) {
    this.models = options.models ?? GEMINI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = (options.baseUrl ?? GEMINI_BASE_URL).replace(/\/+$/, '')
    this.#onNotice = options.onNotice ?? (() => {})
    this.capabilities = {
      messages: true,
      options: OPTIONS,
      imageTypes: ['image/png', 'image/jpeg', 'image/webp'],
      fileTypes: ['application/pdf', 'text/plain', 'text/markdown', 'text/csv', 'application/json'],
      urls: !isPrivateAddress(this.#baseUrl),
    }
  }

  async prepare(): Promise<void> {
    await loadClient()
  }

  complete(
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    return streamFromVendor<unknown>({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) => this.#ask(apiKey, signal, prompt, options),
      read: readGeminiChunk,
      explain: async (error) => (await loadClient()).geminiFailure(error, this.#baseUrl),
    })
  }

  /**
   * Sends the request. If the model refuses to be asked for its thoughts, and the caller did not ask for them, the
   * request is sent again without that: a refused request was not paid for.
   */
  async #ask(
    apiKey: string,
    signal: AbortSignal,
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): Promise<AsyncIterable<unknown>> {
    const { askGemini, geminiRequest, isThinkingRefused } = await loadClient()
    const { model, reasoning } = options
    const ask = (hasThinking: boolean) => {
      const request = geminiRequest(prompt, options, hasThinking)
      return askGemini({ apiKey, signal, baseUrl: this.#baseUrl, model, request })
    }
    if (reasoning) return ask(true)
    if (this.#thoughtless.has(model)) return ask(false)
    try {
      return await ask(true)
    } catch (error) {
      if (!isThinkingRefused(error)) throw error
    }
    const stream = await ask(false)
    this.#thoughtless.add(model)
    this.#onNotice(`${this.name}: the model ${model} does not think: it is not asked for its thoughts`)
    return stream
  }
}
