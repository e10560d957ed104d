import type { FinishReason } from '@promptlab/contract'
import type { ChatCompletionChunk, ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { CompletionOptions, CompletionSummary, LLMProvider } from '../llm-provider.ts'
import { tokenUsage } from '../token-usage.ts'
import { type ChunkReading, streamFromVendor } from '../vendor-stream.ts'
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

  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary> {
    return streamFromVendor({
      provider: this.name,
      apiKey: this.#apiKey,
      signal: options.signal,
      open: (apiKey, signal) =>
        this.#clientFor(apiKey).chat.completions.create(requestOf(prompt, options, this.#baseURL), { signal }),
      read: readChunk,
      explain: openAIFailure,
    })
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

const FINISH_REASONS = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
])

/** The SDK parses the JSON and checks nothing more, and compatible servers leave parts out. */
function readChunk(chunk: ChatCompletionChunk): ChunkReading {
  const choice = chunk?.choices?.[0]
  const text = choice?.delta?.content
  const reason = choice?.finish_reason
  return {
    text: typeof text === 'string' ? text : undefined,
    finishReason: reason ? (FINISH_REASONS.get(reason) ?? 'other') : undefined,
    usage: chunk?.usage ? tokenUsage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) : undefined,
  }
}
