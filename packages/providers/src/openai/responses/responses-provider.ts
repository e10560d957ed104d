import type {
  CompletionOptions,
  CompletionPiece,
  CompletionSummary,
  LLMProvider,
  ProviderCapabilities,
} from '../../llm-provider.ts'
import type { JsonValue, Message } from '../../message.ts'
import type { ModelList } from '../../model-list.ts'
import { isOpenAIItself, isPrivateAddress } from '../../server-address.ts'
import { loadOpenAIClient, OpenAIConnection } from '../openai-connection.ts'
import { OPENAI_MODELS } from '../openai-models.ts'
import { OPENAI_BASE_URL, type OpenAIProviderOptions } from '../openai-provider.ts'
import { StyleMemory } from '../style-memory.ts'
import { BackgroundRuns } from './background-runs.ts'
import { ResponsesReader } from './responses-reader.ts'
import {
  RESPONSES_FIELDS,
  RESPONSES_OPTIONS,
  type ResponsesStyle,
  responsesChangeFor,
  responsesRequest,
  responsesStyleOf,
} from './responses-request.ts'

export interface ResponsesProviderOptions extends Omit<OpenAIProviderOptions, 'habits'> {
  /**
   * Whether runs go on at OpenAI when the connection breaks, so that they can be joined again. OpenAI has to store their
   * answers for that, for 30 days. Default: no, and nothing is stored there.
   */
  readonly background?: boolean | undefined
  /** The pause between two questions for a run that cannot be streamed any more, in milliseconds. Default: 2 s. */
  readonly pollMs?: number | undefined
}

const POLL_MS = 2_000

/**
 * OpenAI's Responses API, which gives summaries of reasoning, and the reasoning itself in an encrypted form for the next
 * turn.
 */
export class ResponsesProvider implements LLMProvider {
  readonly name: string
  readonly models: readonly string[]
  readonly capabilities: ProviderCapabilities
  readonly #connection: OpenAIConnection
  readonly #styles = new StyleMemory<ResponsesStyle>(responsesStyleOf)
  readonly #runs: BackgroundRuns
  readonly #inBackground: boolean
  readonly #hasWholeList: boolean

  constructor({
    baseUrl = OPENAI_BASE_URL,
    background = false,
    pollMs = POLL_MS,
    ...options
  }: ResponsesProviderOptions) {
    this.name = options.name ?? 'openai'
    this.models = options.models ?? OPENAI_MODELS
    this.#connection = new OpenAIConnection({
      name: this.name,
      apiKey: options.apiKey,
      baseUrl,
      headers: options.headers,
      onNotice: options.onNotice ?? (() => {}),
    })
    this.#runs = new BackgroundRuns(this.#connection, pollMs)
    this.#inBackground = background
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
    const { model, signal, mayStore = true, onLimits } = options
    const inBackground = this.#inBackground && mayStore
    const reader = new ResponsesReader(inBackground)
    const bodyIn = (style: ResponsesStyle) => responsesRequest(prompt, options, style, inBackground)
    return this.#connection.complete(
      { path: '/responses', model, signal, styles: this.#styles, bodyIn, changeFor: responsesChangeFor, onLimits },
      (event) => reader.read(event),
    )
  }

  /** Also where new runs are not in the background any more. */
  rejoin(
    handle: JsonValue,
    { model, signal }: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    return this.#runs.join(handle, this.#styles.of(model).hasEncryptedReasoning, signal)
  }

  cancelRun(handle: JsonValue, { signal }: Pick<CompletionOptions, 'signal'>): Promise<void> {
    return this.#runs.cancel(handle, signal)
  }
}
