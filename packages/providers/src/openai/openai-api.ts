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
    complete: (prompt, given) => (needsChat(given) ? chat : responses).complete(prompt, given),
  }
}

function needsChat({ model: _, signal: __, maxTokens = MIN_OUTPUT_TOKENS, ...options }: CompletionOptions): boolean {
  if (maxTokens < MIN_OUTPUT_TOKENS) return true
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return given.some(([name]) => !RESPONSES_OPTIONS.some((option) => option === name))
}
