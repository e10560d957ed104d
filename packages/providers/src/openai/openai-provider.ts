import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { EventReader } from '../http/event-reader.ts'
import { MessageResponse } from '../http/message-response.ts'
import type { CompletionOptions, CompletionSummary, LLMProvider } from '../llm-provider.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { type ChunkEvent, TemplateReader } from './chunk-template.ts'
import { END_MARKER, readOpenAIEvent } from './openai-chunk.ts'
import type { IsolatedOpenAI } from './openai-client.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import { tokenLimit } from './token-limit.ts'

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
}

/**
 * The SDK is loaded when it is first used: that takes 60 ms and 8 MB in the built server, 180 ms and 16 MB unbundled.
 */
const loadClient = () => import('./openai-client.ts')

/** Chat completions of OpenAI and of servers that speak its protocol. */
export class OpenAIProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly #apiKey: () => string | undefined
  readonly #baseUrl: string
  #client: IsolatedOpenAI | undefined

  constructor(options: OpenAIProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#apiKey = options.apiKey
    this.#baseUrl = options.baseUrl ?? OPENAI_BASE_URL
  }

  async prepare(): Promise<void> {
    await loadClient()
  }

  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined> {
    const reader = new TemplateReader(readOpenAIEvent)
    return streamFromVendor<ChunkEvent>({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) => this.#open(apiKey, signal, requestOf(prompt, options, this.#baseUrl)),
      read: (event) => reader.read(event),
    })
  }

  /**
   * Reads the answer without the SDK's iterator, which doubles the cost of a token
   * (docs/decisions/2026-11-23-provider-speed.md).
   */
  async #open(apiKey: string, signal: AbortSignal, request: ChatCompletionCreateParamsStreaming) {
    const client = await this.#clientFor(apiKey)
    const response = await client.ask(request, signal)
    if (!(response instanceof MessageResponse)) {
      throw new VendorFailed({ code: 'provider-malformed', what: 'answered without a body', status: response.status })
    }
    const { content, headers } = response
    // A server that cannot stream answers with one object. It is a chunk that has a `message` in place of the `delta`.
    return isJson(headers) ? wholeBody(content) : new EventReader(content, END_MARKER)
  }

  async #clientFor(apiKey: string): Promise<IsolatedOpenAI> {
    if (this.#client?.apiKey === apiKey) return this.#client
    const { IsolatedOpenAI } = await loadClient()
    this.#client = new IsolatedOpenAI(apiKey, this.#baseUrl)
    return this.#client
  }
}

function requestOf(prompt: string, options: CompletionOptions, baseUrl: string): ChatCompletionCreateParamsStreaming {
  const { model, system, temperature, maxTokens } = options
  return {
    model,
    messages: [...(system ? [{ role: 'system' as const, content: system }] : []), { role: 'user', content: prompt }],
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && tokenLimit(maxTokens, baseUrl)),
  }
}

function isJson(headers: Headers): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '')
}

async function* wholeBody(content: Readable) {
  yield { event: undefined, data: await text(content) }
}
