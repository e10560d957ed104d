import { EventReader, type StreamEvent } from '../http/event-reader.ts'
import { HttpAnswer } from '../http/http-answer.ts'
import { getJson } from '../http/json-answer.ts'
import type { Refusal } from '../http/refusal.ts'
import type { CompletionOptions, CompletionPiece, CompletionSummary } from '../llm-provider.ts'
import { listFromVendor, type ModelList } from '../model-list.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { openAILimits } from '../request-limits.ts'
import { usableKey } from '../usable-key.ts'
import type { ChunkReading } from '../vendor-call.ts'
import { providerErrorOf, VendorFailed, type VendorFailure } from '../vendor-failure.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { errorBodyOf } from './error-body.ts'
import { END_MARKER } from './openai-chunk.ts'
import type { IsolatedOpenAI } from './openai-client.ts'
import { failureOfRefusal, isWrongAddress } from './openai-failure.ts'
import { openAIModelList } from './openai-model-list.ts'
import type { StyleMemory } from './style-memory.ts'

/** Where and how the API of OpenAI, or a compatible one, is reached. */
export interface OpenAIConnectionOptions {
  readonly name: string
  /** Undefined: the server needs no key. */
  readonly apiKey: (() => string | undefined) | undefined
  readonly baseUrl: string
  /** Sent with each request. Undefined: none but those of the SDK. */
  readonly headers: RequestHeaders | undefined
  readonly onNotice: (notice: string) => void
}

interface StyledRequest<Style> {
  readonly apiKey: string
  readonly signal: AbortSignal
  /** Behind the base URL. */
  readonly path: string
  readonly model: string
  readonly styles: StyleMemory<Style>
  readonly bodyIn: (style: Style) => object
  /** Finds out from the words of a refusal whether the request can be sent in another style. */
  readonly changeFor: (text: string, body: object, style: Style) => StyleChange<Style> | undefined
  readonly onLimits: CompletionOptions['onLimits']
}

/** What to change in a request that was refused because of something that is ours. */
export interface StyleChange<Style> {
  readonly style: Style
  /** In our words, for the log. */
  readonly notice: string
}

/** The most bytes of a list of models. The longest known one, of OpenRouter, has about 1 MB. */
const MAX_LIST_BYTES = 8 * 1024 * 1024
/** How often a request is changed after a refusal. Then the refusal is final. */
const MAX_CHANGES = 2

/**
 * The SDK is loaded when it is first used: that takes 60 ms and 8 MB in the built server, 180 ms and 16 MB unbundled.
 */
export const loadOpenAIClient = () => import('./openai-client.ts')

/** Sends requests to one server, whichever of OpenAI's APIs they belong to. */
export class OpenAIConnection {
  readonly #options: OpenAIConnectionOptions
  #hasToldAddress = false
  #client: { readonly apiKey: string; readonly sdk: IsolatedOpenAI } | undefined

  constructor(options: OpenAIConnectionOptions) {
    this.#options = options
  }

  /** Streams one completion. @throws ProviderError, or the signal's reason, as `LLMProvider.complete` says */
  complete<Style>(
    { signal, ...request }: Omit<StyledRequest<Style>, 'apiKey'>,
    read: (event: StreamEvent) => ChunkReading,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    return this.stream(signal, read, (apiKey, upstream) => this.#stream({ ...request, apiKey, signal: upstream }))
  }

  /**
   * Streams an answer from wherever `open` finds its events.
   * @throws ProviderError, or the signal's reason, as `LLMProvider.complete` says
   */
  stream(
    signal: AbortSignal,
    read: (event: StreamEvent) => ChunkReading,
    open: (apiKey: string, signal: AbortSignal) => Promise<AsyncIterable<StreamEvent>>,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const { name, apiKey } = this.#options
    return streamFromVendor<StreamEvent>({ provider: name, apiKey, secrets: this.#secrets, signal, open, read })
  }

  /**
   * Where a request without the SDK goes, and its headers.
   * @param path behind the base URL, such as `/models`
   */
  requestFor(path: string, apiKey: string): { url: URL; headers: Readonly<Record<string, string>> } {
    const { baseUrl, headers } = this.#options
    const url = new URL(baseUrl)
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
    return { url, headers: { ...(apiKey && { authorization: `Bearer ${apiKey}` }), ...headers?.all() } }
  }

  /**
   * Runs a request without the SDK, with the key of this moment.
   * @throws ProviderError, without secrets
   */
  async withKey<Result>(ask: (apiKey: string) => Promise<Result>): Promise<Result> {
    const { name, apiKey } = this.#options
    const key = usableKey(name, apiKey)
    try {
      return await ask(key)
    } catch (error) {
      if (!(error instanceof VendorFailed)) throw error
      throw providerErrorOf(name, error.failure, [key, ...this.#secrets])
    }
  }

  /** Values that must not be in an error, beside the key. */
  get #secrets(): readonly string[] {
    return this.#options.headers?.secrets() ?? []
  }

  /**
   * Sends a request for a stream and waits for the headers. If the server refuses a parameter that we added, the request
   * is sent again without it, or under its other name: a refused request was not paid for.
   *
   * The answer is read without the SDK's iterator, which doubles the cost of a token
   * (docs/decisions/2026-11-23-provider-speed.md).
   * @throws VendorFailed
   */
  async #stream<Style>(request: StyledRequest<Style>): Promise<EventReader> {
    const answer = await this.#ask(await this.#clientFor(request.apiKey), request)
    const limits = request.onLimits && openAILimits(answer.headers)
    if (limits) request.onLimits?.(limits)
    // The content type is not looked at, because servers lie in it: the reader takes events and JSON.
    return new EventReader(answer.content, END_MARKER)
  }

  /**
   * Asks for the models, without the SDK.
   * @param isWhole whether the server takes no name but those that it lists
   * @throws ProviderError, or the signal's reason
   */
  async listModels(isWhole: boolean, signal: AbortSignal): Promise<ModelList> {
    const { name, apiKey } = this.#options
    return listFromVendor({
      provider: name,
      apiKey,
      signal,
      secrets: this.#secrets,
      ask: async (key) => {
        const answer = await getJson({ ...this.requestFor('/models', key), signal, maxBytes: MAX_LIST_BYTES })
        if ('json' in answer) return openAIModelList(answer.json, isWhole)
        const { status, headers: received, text, address } = answer.refused
        throw new VendorFailed(failureOfRefusal(status, received, text, address))
      },
    })
  }

  async #ask<Style>(sdk: IsolatedOpenAI, request: StyledRequest<Style>): Promise<HttpAnswer> {
    const { model, path, signal, styles } = request
    const headers = this.#options.headers?.all() ?? {}
    const notices: string[] = []
    let style = styles.of(model)
    for (let changes = 0; ; changes += 1) {
      const body = request.bodyIn(style)
      const answer = await sdk.ask(path, body, headers, signal)
      if (answer instanceof HttpAnswer) {
        if (notices.length > 0) this.#remember(request, style, notices)
        return answer
      }
      const isRefused = answer.status === 400 || answer.status === 422
      const change = isRefused && changes < MAX_CHANGES ? request.changeFor(answer.text, body, style) : undefined
      if (!change) throw new VendorFailed(this.#explain(answer))
      notices.push(change.notice)
      style = change.style
    }
  }

  /** A call that ran at the same time may have found out the same: it is said once. */
  #remember<Style>({ model, styles }: StyledRequest<Style>, style: Style, notices: readonly string[]): void {
    if (styles.has(model, style)) return
    styles.remember(model, style)
    for (const notice of notices) this.#options.onNotice(`${this.#options.name}: the model ${model} ${notice}`)
  }

  #explain({ status, headers, text, address }: Refusal): VendorFailure {
    const { name, onNotice } = this.#options
    if (!this.#hasToldAddress && isWrongAddress(status, errorBodyOf(text))) {
      this.#hasToldAddress = true
      onNotice(`${name}: ${address} answered ${status}; the base URL may be wrong`)
    }
    return failureOfRefusal(status, headers, text, address)
  }

  async #clientFor(apiKey: string): Promise<IsolatedOpenAI> {
    if (this.#client?.apiKey === apiKey) return this.#client.sdk
    const { IsolatedOpenAI } = await loadOpenAIClient()
    this.#client = { apiKey, sdk: new IsolatedOpenAI(apiKey, this.#options.baseUrl) }
    return this.#client.sdk
  }
}
