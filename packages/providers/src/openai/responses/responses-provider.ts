import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../../llm-provider.ts'
import type { Message } from '../../message.ts'
import type { ModelList } from '../../model-list.ts'
import { isOpenAIItself, isPrivateAddress } from '../../server-address.ts'
import { loadOpenAIClient, OpenAIConnection } from '../openai-connection.ts'
import { OPENAI_MODELS } from '../openai-models.ts'
import { OPENAI_BASE_URL, type OpenAIProviderOptions } from '../openai-provider.ts'
import { StyleMemory } from '../style-memory.ts'
import { ResponsesReader } from './responses-reader.ts'
import {
  RESPONSES_FIELDS,
  RESPONSES_OPTIONS,
  type ResponsesStyle,
  responsesChangeFor,
  responsesRequest,
  responsesStyleOf,
} from './responses-request.ts'

export type ResponsesProviderOptions = Omit<OpenAIProviderOptions, 'habits'>

/**
 * OpenAI's Responses API, which gives summaries of reasoning, and the reasoning itself in an encrypted form for the next
 * turn. Nothing is stored at OpenAI.
 */
export class ResponsesProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #connection: OpenAIConnection
  readonly #styles = new StyleMemory<ResponsesStyle>(responsesStyleOf)
  readonly #hasWholeList: boolean

  constructor({ baseUrl = OPENAI_BASE_URL, ...options }: ResponsesProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#connection = new OpenAIConnection({
      name: this.name,
      apiKey: options.apiKey,
      baseUrl,
      headers: options.headers,
      onNotice: options.onNotice ?? (() => {}),
    })
    this.#hasWholeList = isOpenAIItself(baseUrl)
    this.capabilities = {
      messages: true,
      options: RESPONSES_OPTIONS,
      reservedFields: RESPONSES_FIELDS,
      imageTypes: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
      fileTypes: ['application/pdf'],
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
    const reader = new ResponsesReader()
    const { model, signal } = options
    const bodyIn = (style: ResponsesStyle) => responsesRequest(prompt, options, style)
    return this.#connection.complete(
      { path: '/responses', model, signal, styles: this.#styles, bodyIn, changeFor: responsesChangeFor },
      (event) => reader.read(event),
    )
  }
}
