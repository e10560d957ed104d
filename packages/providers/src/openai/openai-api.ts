import type { CompletionOptions, LLMProvider } from '../llm-provider.ts'
import { isOpenAIItself } from '../server-address.ts'
import { OPENAI_BASE_URL, OpenAIProvider } from './openai-provider.ts'
import { OPENAI_FIELDS } from './openai-request.ts'
import { ResponsesProvider, type ResponsesProviderOptions } from './responses/responses-provider.ts'
import { MIN_OUTPUT_TOKENS, RESPONSES_FIELDS, RESPONSES_OPTIONS } from './responses/responses-request.ts'

/** The APIs by which OpenAI answers prompts. */
export const OPENAI_APIS = ['responses', 'chat'] as const
export type OpenAIApi = (typeof OPENAI_APIS)[number]

/** The API that is used at an address unless the operator names one. Few other servers have the Responses API. */
export function apiAt(baseUrl: string = OPENAI_BASE_URL): OpenAIApi {
  return isOpenAIItself(baseUrl) ? 'responses' : 'chat'
}

/** The API that settings choose, by name or by the address. */
export function openAIApiOf({
  api,
  baseUrl,
}: {
  readonly api?: string | undefined
  readonly baseUrl?: string | undefined
}): OpenAIApi {
  return OPENAI_APIS.find((name) => name === api) ?? apiAt(baseUrl)
}

/**
 * The provider for OpenAI's own API. By `responses`, jobs with options that only Chat Completions has go by that.
 */
export function openAIProvider(api: OpenAIApi, options: ResponsesProviderOptions): LLMProvider {
  const chat = new OpenAIProvider(options)
  if (api === 'chat') return chat
  const responses = new ResponsesProvider(options)
  return {
    name: chat.name,
    models: chat.models,
    // A job goes by one API or the other, so its fields for the vendor may be those that neither sets.
    capabilities: { ...chat.capabilities, reservedFields: [...new Set([...OPENAI_FIELDS, ...RESPONSES_FIELDS])] },
    prepare: () => responses.prepare(),
    listModels: (signal) => responses.listModels(signal),
    rejoin: (handle, given) => responses.rejoin(handle, given),
    cancelRun: (handle, given) => responses.cancelRun(handle, given),
    complete: (prompt, given) => (needsChat(given, chat) ? chat : responses).complete(prompt, given),
  }
}

/** Whether a job has an option that only Chat Completions has. */
function needsChat(options: CompletionOptions, chat: OpenAIProvider): boolean {
  const { maxTokens = MIN_OUTPUT_TOKENS } = options
  if (maxTokens < MIN_OUTPUT_TOKENS) return true
  const chatOnly = chat.capabilities.options.filter((option) => RESPONSES_OPTIONS.every((known) => known !== option))
  return chatOnly.some((option) => options[option] !== undefined)
}
