import { EchoProvider } from './echo/echo-provider.ts'
import { GEMINI_MODELS } from './gemini/gemini-models.ts'
import { GEMINI_BASE_URL, GeminiProvider } from './gemini/gemini-provider.ts'
import { OPENAI_MODELS } from './openai/openai-models.ts'
import { OPENAI_BASE_URL, OpenAIProvider } from './openai/openai-provider.ts'
import type { Vendor } from './vendor.ts'

/**
 * The vendors of the server, in the order of `GET /providers`. The environment variables, the configuration and the
 * registry are derived from this table, so a new vendor is a folder and a row here (README.md, "Add a provider").
 */
export const VENDORS: readonly Vendor[] = [
  {
    name: 'echo',
    models: { default: ['echo'] },
    delayMs: { variable: 'ECHO_DELAY_MS', default: 20 },
    create: (settings) => new EchoProvider(settings),
  },
  {
    name: 'openai',
    apiKey: { variable: 'OPENAI_API_KEY' },
    baseUrl: { variable: 'OPENAI_BASE_URL', default: OPENAI_BASE_URL, example: 'http://localhost:11434/v1' },
    models: { variable: 'OPENAI_MODELS', default: OPENAI_MODELS },
    create: (settings) => new OpenAIProvider(settings),
  },
  {
    name: 'gemini',
    apiKey: { variable: 'GEMINI_API_KEY' },
    baseUrl: { variable: 'GEMINI_BASE_URL', default: GEMINI_BASE_URL, example: 'https://gateway.example.com' },
    models: { variable: 'GEMINI_MODELS', default: GEMINI_MODELS },
    create: (settings) => new GeminiProvider(settings),
  },
]
