import { EventReader, type StreamEvent } from '../http/event-reader.ts'
import { MessageResponse } from '../http/message-response.ts'
import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { isPrivateAddress } from '../server-address.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { errorBodyOf } from './error-body.ts'
import { END_MARKER } from './openai-chunk.ts'
import type { IsolatedOpenAI, Refusal } from './openai-client.ts'
import { failureOfRefusal, isWrongAddress } from './openai-failure.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import { OpenAIReader } from './openai-reader.ts'
import { OPENAI_OPTIONS, openAIRequest, type RequestStyle } from './openai-request.ts'
import { changeFor } from './refused-parameters.ts'
import { tokenLimitAt } from './token-limit.ts'

export const OPENAI_BASE_URL = 'https://api.openai.com/v1'

export interface OpenAIProviderOptions {
  /** Called at each call, so that a key can appear or change while the server runs. */
  readonly apiKey: () => string | undefined
  /** The address of OpenAI or of a compatible server such as Ollama, vLLM or a gateway. Default: `OPENAI_BASE_URL`. */
  readonly baseUrl?: string | undefined
  /** Default: `OPENAI_MODELS`. */
  readonly models?: readonly string[] | undefined
  /** Default: `openai`. A second compatible server in one registry needs another name. */
  readonly name?: string | undefined
  /** Called with a sentence for the operator's log, once for each thing that this server does differently. */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/**
 * The SDK is loaded when it is first used: that takes 60 ms and 8 MB in the built server, 180 ms and 16 MB unbundled.
 */
const loadClient = () => import('./openai-client.ts')

/** Chat completions of OpenAI and of servers that speak its protocol. */
export class OpenAIProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #apiKey: () => string | undefined
  readonly #baseUrl: string
  readonly #onNotice: (notice: string) => void
  readonly #usualStyle: RequestStyle
  /** What this server refused, by model. */
  readonly #styles = new Map<string, RequestStyle>()
  #hasToldAddress = false
  #client: IsolatedOpenAI | undefined

  constructor(options: OpenAIProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = options.baseUrl ?? OPENAI_BASE_URL
    this.#onNotice = options.onNotice ?? (() => {})
    this.#usualStyle = { tokenLimit: tokenLimitAt(this.#baseUrl), hasStreamOptions: true }
    this.capabilities = {
      messages: true,
      options: OPENAI_OPTIONS,
      imageTypes: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
      fileTypes: ['application/pdf'],
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
    const reader = new OpenAIReader()
    return streamFromVendor<StreamEvent>({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) => this.#open(apiKey, signal, prompt, options),
      read: (event) => reader.read(event),
    })
  }

  /**
   * Reads the answer without the SDK's iterator, which doubles the cost of a token
   * (docs/decisions/2026-11-23-provider-speed.md).
   */
  async #open(apiKey: string, signal: AbortSignal, prompt: string | readonly Message[], options: CompletionOptions) {
    const response = await this.#ask(await this.#clientFor(apiKey), signal, prompt, options)
    if (!(response instanceof MessageResponse)) {
      throw new VendorFailed({ code: 'provider-malformed', what: 'answered without a body', status: response.status })
    }
    // The content type is not looked at, because servers lie in it: the reader takes events and JSON.
    return new EventReader(response.content, END_MARKER)
  }

  /**
   * Sends the request. If the server refuses a parameter that we added, the request is sent again without it, or under
   * its other name: a refused request was not paid for.
   */
  async #ask(
    client: IsolatedOpenAI,
    signal: AbortSignal,
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): Promise<Response> {
    const known = this.#styles.get(options.model)
    const notices: string[] = []
    let style = known ?? this.#usualStyle
    // Two parameters can be refused. Then a refusal is final.
    for (let attempts = 0; ; attempts += 1) {
      const request = openAIRequest(prompt, options, style)
      const answer = await client.ask(request, signal)
      if (answer instanceof Response) {
        if (style !== known && notices.length > 0) this.#remember(options.model, style, notices)
        return answer
      }
      const isRefused = answer.status === 400 || answer.status === 422
      const change = isRefused && attempts < 2 ? changeFor(answer.text, Object.keys(request), style) : undefined
      if (!change) throw new VendorFailed(this.#explain(answer))
      notices.push(change.notice)
      style = change.style
    }
  }

  #remember(model: string, style: RequestStyle, notices: readonly string[]): void {
    this.#styles.set(model, style)
    for (const notice of notices) this.#onNotice(`${this.name}: the model ${model} ${notice}`)
  }

  #explain({ status, headers, text, address }: Refusal) {
    if (!this.#hasToldAddress && isWrongAddress(status, errorBodyOf(text))) {
      this.#hasToldAddress = true
      this.#onNotice(`${this.name}: ${address} answered ${status}; the base URL may be wrong`)
    }
    return failureOfRefusal(status, headers, text, address)
  }

  async #clientFor(apiKey: string): Promise<IsolatedOpenAI> {
    if (this.#client?.apiKey === apiKey) return this.#client
    const { IsolatedOpenAI } = await loadClient()
    this.#client = new IsolatedOpenAI(apiKey, this.#baseUrl)
    return this.#client
  }
}
