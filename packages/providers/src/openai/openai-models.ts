import type { ChatModel } from 'openai/resources/shared'

/** The models that callers may choose unless OPENAI_MODELS is set. */
export const OPENAI_MODELS: readonly string[] = [
  'gpt-6-astra',
  'gpt-6.1-sol',
  'gpt-6.1-terra',
  'gpt-6-luna',
  'gpt-5.6-sol',
  'gpt-5.6-terra',
  'gpt-5.6-luna',
  'gpt-4',
  'gpt-3.5-turbo',
  'gpt-4-turbo-preview',
] satisfies readonly ChatModel[]
