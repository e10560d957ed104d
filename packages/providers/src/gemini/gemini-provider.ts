import type { JobOptions } from '@promptlab/contract'
import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { listFromVendor, type ModelList } from '../model-list.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { isPrivateAddress } from '../server-address.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { readGeminiChunk } from './gemini-chunk.ts'
import { geminiModelList } from './gemini-model-list.ts'
import { GEMINI_MODELS } from './gemini-models.ts'

export const GEMINI_BASE_URL = 'https://generativelanguage.googleapis.com'

export interface GeminiProviderOptions {
  /**
   * Called at each call, so that a key can appear or change while the server runs. Left out: the server needs no key, as a
   * gateway that has one itself.
   */
  readonly apiKey?: (() => string | undefined) | undefined
  /** The address without the version: the SDK appends `/v1beta`. Default: `GEMINI_BASE_URL`. */
  readonly baseUrl?: string | undefined
  /** Default: `GEMINI_MODELS`. */
  readonly models?: readonly string[] | undefined
  /** Default: `gemini`. A second server in one registry needs another name. */
  readonly name?: string | undefined
  /** Sent with each request. */
  readonly headers?: RequestHeaders | undefined
  /** Called with a sentence for the operator's log, once for each model that does not think. */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/** The fields of a request that are set here, so that `options.vendor` may not have them. */
const GEMINI_FIELDS = ['model', 'contents', 'generationConfig', 'systemInstruction', 'tools', 'toolConfig']

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
  'vendor',
] as const satisfies readonly (keyof JobOptions)[]

/** Names become a part of the path of a request, so no name may lead out of the folder of models. */
const MODEL_NAME = /^(?:models\/|tunedModels\/)?\w[\w.-]*$/

/** The SDK, loaded when it is first used. */
const loadClient = () => import('./gemini-client.ts')

/**
 * Google's Gemini through `@google/generative-ai`. The SDK hides two facts: the `Retry-After` header, so the wait comes
 * from `RetryInfo` in the body, and the system's code of a failed connection, so there is no `provider-timeout`.
 */
export class GeminiProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #apiKey: (() => string | undefined) | undefined
  readonly #baseUrl: string
  readonly #headers: RequestHeaders | undefined
  readonly #onNotice: (notice: string) => void
  /** The models that refused to be asked for their thoughts. */
  readonly #thoughtless = new Set<string>()

  constructor(options: GeminiProviderOptions) {
    this.name = options.name ?? 'gemini'
    this.models = options.models ?? GEMINI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = (options.baseUrl ?? GEMINI_BASE_URL).replace(/\/+$/, '')
    this.#headers = options.headers
    this.#onNotice = options.onNotice ?? (() => {})
    this.capabilities = {
      messages: true,
      options: OPTIONS,
      reservedFields: GEMINI_FIELDS,
      imageTypes: ['image/png', 'image/jpeg', 'image/webp'],
      fileTypes: ['application/pdf', 'text/plain', 'text/markdown', 'text/csv', 'application/json'],
      urls: !isPrivateAddress(this.#baseUrl),
    }
  }

  listModels(signal: AbortSignal): Promise<ModelList> {
    return listFromVendor({
      provider: this.name,
      apiKey: this.#apiKey,
      signal,
      secrets: this.#headers?.secrets(),
      ask: (apiKey) => {
        const headers = { 'x-goog-api-key': apiKey, ...this.#headers?.all() }
        return geminiModelList({ baseUrl: this.#baseUrl, headers, signal })
      },
    })
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
      secrets: this.#headers?.secrets() ?? [],
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
    if (!MODEL_NAME.test(model))
      throw new VendorFailed({ code: 'model-unavailable', what: 'has no model of this name' })
    const ask = (hasThinking: boolean) => {
      const request = geminiRequest(prompt, options, hasThinking)
      const headers = this.#headers?.all() ?? {}
      return askGemini({ apiKey, signal, baseUrl: this.#baseUrl, headers, model, request })
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
