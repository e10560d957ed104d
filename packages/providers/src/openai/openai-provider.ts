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
import { IsolatedOpenAI } from './openai-client.ts'
import { openAIFailure } from './openai-failure.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import { tokenLimit } from './token-limit.ts'

const DEFAULT_BASE_URL = 'https://api.openai.com/v1'

/** Where OpenAI, or a server that speaks its protocol, is found. */
export interface OpenAIProviderOptions {
  /** Asked at each call, so that a key can appear or change while the server runs. */
  readonly apiKey: () => string | undefined
  /** Default: OpenAI itself. Any compatible server will do: Ollama, vLLM, a gateway. */
  readonly baseURL?: string | undefined
  /** Default: `OPENAI_MODELS`. */
  readonly models?: readonly string[] | undefined
  /** Default: `openai`. Another name lets two compatible servers live in one registry. */
  readonly name?: string | undefined
}

/** Chat completions of OpenAI and of servers that speak its protocol. */
export class OpenAIProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly #apiKey: () => string | undefined
  readonly #baseURL: string
  #client: IsolatedOpenAI | undefined

  constructor(options: OpenAIProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#apiKey = options.apiKey
    this.#baseURL = options.baseURL ?? DEFAULT_BASE_URL
  }

  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined> {
    const reader = new TemplateReader(readOpenAIEvent)
    return streamFromVendor<ChunkEvent>({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) => this.#open(apiKey, signal, requestOf(prompt, options, this.#baseURL)),
      read: (event) => reader.read(event),
      explain: openAIFailure,
    })
  }

  /** The SDK builds the request and reads refusals; its iterator is left out, because it costs more than all of that. */
  async #open(apiKey: string, signal: AbortSignal, request: ChatCompletionCreateParamsStreaming) {
    const response = await this.#clientFor(apiKey).ask(request, signal)
    if (!(response instanceof MessageResponse)) {
      throw new VendorFailed({ code: 'provider-malformed', what: 'answered without a body', status: response.status })
    }
    const { content, headers } = response
    // A server that cannot stream answers with one object, which is a chunk with a `message` for a `delta`.
    return isJson(headers) ? wholeBody(content) : new EventReader(content, END_MARKER)
  }

  #clientFor(apiKey: string): IsolatedOpenAI {
    if (this.#client?.apiKey !== apiKey) this.#client = new IsolatedOpenAI(apiKey, this.#baseURL)
    return this.#client
  }
}

function requestOf(prompt: string, options: CompletionOptions, baseURL: string): ChatCompletionCreateParamsStreaming {
  const { model, system, temperature, maxTokens } = options
  return {
    model,
    messages: [...(system ? [{ role: 'system' as const, content: system }] : []), { role: 'user', content: prompt }],
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && tokenLimit(maxTokens, baseURL)),
  }
}

function isJson(headers: Headers): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get('content-type') ?? '')
}

async function* wholeBody(content: Readable) {
  yield { event: undefined, data: await text(content) }
}
