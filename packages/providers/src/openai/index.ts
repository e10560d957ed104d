export { OPENAI_MODELS } from './openai-models.ts'
export { OpenAIProvider, type OpenAIProviderOptions } from './openai-provider.ts'
