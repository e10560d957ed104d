import { EventReader, type StreamEvent } from '../http/event-reader.ts'
import { HttpAnswer } from '../http/http-answer.ts'
import type { Refusal } from '../http/refusal.ts'
import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { listFromVendor, type ModelList } from '../model-list.ts'
import { errorBodyOf } from '../openai/error-body.ts'
import { isWrongAddress } from '../openai/openai-failure.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { anthropicLimits } from '../request-limits.ts'
import { isPrivateAddress } from '../server-address.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import type { IsolatedAnthropic } from './anthropic-client.ts'
import { failureOfStatusAndBody } from './anthropic-failure.ts'
import { IMAGE_TYPES } from './anthropic-messages.ts'
import { anthropicModelList } from './anthropic-model-list.ts'
import { ANTHROPIC_MODELS } from './anthropic-models.ts'
import { AnthropicReader, END_MARKER } from './anthropic-reader.ts'
import {
  ANTHROPIC_FIELDS,
  ANTHROPIC_OPTIONS,
  anthropicRequest,
  type RequestStyle,
  usualStyle,
} from './anthropic-request.ts'
import { changeFor } from './refused-request.ts'

export const ANTHROPIC_BASE_URL = 'https://api.anthropic.com'

export interface AnthropicProviderOptions {
  /**
   * Called at each call, so that a key can appear or change while the server runs. Left out: the server needs no key, as a
   * gateway that has one itself.
   */
  readonly apiKey?: (() => string | undefined) | undefined
  /** The address without `/v1`, of Anthropic or of a server that speaks its protocol. Default: `ANTHROPIC_BASE_URL`. */
  readonly baseUrl?: string | undefined
  /** Default: `ANTHROPIC_MODELS`. */
  readonly models?: readonly string[] | undefined
  /** Default: `anthropic`. A second server in one registry needs another name. */
  readonly name?: string | undefined
  /** Sent with each request. */
  readonly headers?: RequestHeaders | undefined
  /** Called with a sentence for the operator's log, once for each thing that a model or the server does differently. */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/** Three decisions of ours can be refused. Then a refusal is final. */
const MAX_CHANGES = 3

/** The SDK, loaded when it is first used. */
const loadClient = () => import('./anthropic-client.ts')

/** The Messages API of Anthropic and of servers that speak its protocol. */
export class AnthropicProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #apiKey: (() => string | undefined) | undefined
  readonly #headers: RequestHeaders | undefined
  readonly #baseUrl: string
  readonly #onNotice: (notice: string) => void
  /** What was refused, by model. */
  readonly #styles = new Map<string, RequestStyle>()
  #hasToldAddress = false
  #client: { readonly apiKey: string; readonly sdk: IsolatedAnthropic } | undefined

  constructor(options: AnthropicProviderOptions) {
    this.name = options.name ?? 'anthropic'
    this.models = options.models ?? ANTHROPIC_MODELS
    this.#apiKey = options.apiKey
    this.#headers = options.headers
    this.#baseUrl = options.baseUrl ?? ANTHROPIC_BASE_URL
    this.#onNotice = options.onNotice ?? (() => {})
    this.capabilities = {
      messages: true,
      options: ANTHROPIC_OPTIONS,
      responseFormats: ['text', 'json-schema'],
      reservedFields: ANTHROPIC_FIELDS,
      imageTypes: IMAGE_TYPES,
      fileTypes: ['application/pdf', 'text/plain', 'text/markdown', 'text/csv', 'application/json'],
      urls: !isPrivateAddress(this.#baseUrl),
    }
  }

  async prepare(): Promise<void> {
    await loadClient()
  }

  listModels(signal: AbortSignal): Promise<ModelList> {
    return listFromVendor({
      provider: this.name,
      apiKey: this.#apiKey,
      signal,
      secrets: this.#headers?.secrets(),
      ask: (apiKey) =>
        anthropicModelList({ baseUrl: this.#baseUrl, apiKey, headers: this.#headers?.all() ?? {}, signal }),
    })
  }

  complete(
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const reader = new AnthropicReader()
    return streamFromVendor<StreamEvent>({
      provider: this.name,
      apiKey: this.#apiKey,
      secrets: this.#headers?.secrets() ?? [],
      signal: options.signal,
      open: (apiKey, signal) => this.#open(apiKey, signal, prompt, options),
      read: (event) => reader.read(event),
    })
  }

  /** Reads the answer without the SDK's iterator, as `OpenAIProvider` does. */
  async #open(apiKey: string, signal: AbortSignal, prompt: string | readonly Message[], options: CompletionOptions) {
    const answer = await this.#ask(await this.#clientFor(apiKey), signal, prompt, options)
    const limits = options.onLimits && anthropicLimits(answer.headers)
    if (limits) options.onLimits?.(limits)
    return new EventReader(answer.content, END_MARKER)
  }

  /** Sends the request, and again if a decision of ours was refused: a refused request was not paid for. */
  async #ask(
    client: IsolatedAnthropic,
    signal: AbortSignal,
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): Promise<HttpAnswer> {
    const { model } = options
    let lasting = this.#styles.get(model) ?? usualStyle(model)
    let style = lasting
    const notices: string[] = []
    for (let changes = 0; ; changes += 1) {
      const answer = await client.ask(anthropicRequest(prompt, options, style), this.#headers?.all() ?? {}, signal)
      if (answer instanceof HttpAnswer) {
        if (notices.length > 0) this.#remember(model, lasting, notices)
        return answer
      }
      const mayChange = answer.status === 400 && changes < MAX_CHANGES
      const found = mayChange ? changeFor({ body: answer.text, prompt, options, style }) : undefined
      if (!found) throw new VendorFailed(this.#explain(answer))
      style = { ...style, ...found.change }
      if (found.notice === undefined) continue
      lasting = { ...lasting, ...found.change }
      notices.push(found.notice)
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
    return failureOfStatusAndBody(status, headers, text, address)
  }

  async #clientFor(apiKey: string): Promise<IsolatedAnthropic> {
    if (this.#client?.apiKey === apiKey) return this.#client.sdk
    const { IsolatedAnthropic } = await loadClient()
    this.#client = { apiKey, sdk: new IsolatedAnthropic(apiKey, this.#baseUrl) }
    return this.#client.sdk
  }
}
