export { GEMINI_MODELS } from './gemini-models.ts'
export { GeminiProvider, type GeminiProviderOptions } from './gemini-provider.ts'
