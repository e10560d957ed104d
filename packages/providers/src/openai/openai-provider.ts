import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import type { ModelList } from '../model-list.ts'
import type { RequestHeaders } from '../request-headers.ts'
import { isOpenAIItself, isPrivateAddress } from '../server-address.ts'
import type { Habits } from './habits.ts'
import { loadOpenAIClient, OpenAIConnection } from './openai-connection.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import { OpenAIReader } from './openai-reader.ts'
import { OPENAI_FIELDS, OPENAI_OPTIONS, openAIRequest, type RequestStyle, styleOf } from './openai-request.ts'
import { changeFor } from './refused-parameters.ts'
import { StyleMemory } from './style-memory.ts'

export const OPENAI_BASE_URL = 'https://api.openai.com/v1'

export interface OpenAIProviderOptions {
  /**
   * Called at each call, so that a key can appear or change while the server runs. Left out: the server needs no key, and
   * is sent none.
   */
  readonly apiKey?: (() => string | undefined) | undefined
  /** The address of OpenAI or of a compatible server such as Ollama, vLLM or a gateway. Default: `OPENAI_BASE_URL`. */
  readonly baseUrl?: string | undefined
  /** Default: `OPENAI_MODELS`. */
  readonly models?: readonly string[] | undefined
  /** Default: `openai`. A second compatible server in one registry needs another name. */
  readonly name?: string | undefined
  /** Default: those of OpenAI. */
  readonly habits?: Habits | undefined
  /** Sent with each request. */
  readonly headers?: RequestHeaders | undefined
  /** Called with a sentence for the operator's log, once for each thing that this server does differently. */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/** Chat completions of OpenAI and of servers that speak its protocol. */
export class OpenAIProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #connection: OpenAIConnection
  readonly #styles: StyleMemory<RequestStyle>
  readonly #hasWholeList: boolean

  constructor({ baseUrl = OPENAI_BASE_URL, habits = {}, ...options }: OpenAIProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#connection = new OpenAIConnection({
      name: this.name,
      apiKey: options.apiKey,
      baseUrl,
      headers: options.headers,
      onNotice: options.onNotice ?? (() => {}),
    })
    const style = styleOf(baseUrl, habits)
    this.#styles = new StyleMemory(() => style)
    this.#hasWholeList = habits.wholeList ?? isOpenAIItself(baseUrl)
    this.capabilities = {
      messages: true,
      options: OPENAI_OPTIONS.filter((option) => !habits.lacks?.includes(option)),
      ...(habits.responseFormats && { responseFormats: habits.responseFormats }),
      reservedFields: OPENAI_FIELDS,
      imageTypes: habits.imageTypes ?? ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
      fileTypes: habits.fileTypes ?? ['application/pdf'],
      urls: !isPrivateAddress(baseUrl),
    }
  }

  async prepare(): Promise<void> {
    await loadOpenAIClient()
  }

  listModels(signal: AbortSignal): Promise<ModelList> {
    return this.#connection.listModels(this.#hasWholeList, signal)
  }

  complete(
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const reader = new OpenAIReader()
    const { model, signal, onLimits } = options
    const bodyIn = (style: RequestStyle) => openAIRequest(prompt, options, style)
    return this.#connection.complete(
      { path: '/chat/completions', model, signal, styles: this.#styles, bodyIn, changeFor, onLimits },
      (event) => reader.read(event),
    )
  }
}
