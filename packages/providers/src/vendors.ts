import { ANTHROPIC_MODELS } from './anthropic/anthropic-models.ts'
import { ANTHROPIC_BASE_URL, AnthropicProvider } from './anthropic/anthropic-provider.ts'
import { EchoProvider } from './echo/echo-provider.ts'
import { GEMINI_MODELS } from './gemini/gemini-models.ts'
import { GEMINI_BASE_URL, GeminiProvider } from './gemini/gemini-provider.ts'
import { OPENAI_APIS, openAIApiOf, openAIProvider } from './openai/openai-api.ts'
import { OPENAI_MODELS } from './openai/openai-models.ts'
import { OPENAI_BASE_URL } from './openai/openai-provider.ts'
import { PRESETS } from './presets.ts'
import { ReplayProvider } from './replay/replay-provider.ts'
import type { Vendor } from './vendor.ts'

export { VENDOR_KINDS } from './vendor-kinds.ts'

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
    name: 'replay',
    models: {},
    isPreset: true,
    replay: {
      folder: { variable: 'REPLAY_DIR' },
      speed: { variable: 'REPLAY_SPEED', default: 1 },
      standsFor: { variable: 'REPLAY_FOR' },
    },
    create: ({ name, replay, onNotice }) =>
      new ReplayProvider({ name, folder: undefined, speed: 1, ...replay, onNotice }),
  },
  {
    name: 'openai',
    apiKey: { variable: 'OPENAI_API_KEY' },
    baseUrl: { variable: 'OPENAI_BASE_URL', default: OPENAI_BASE_URL, example: 'http://localhost:11434/v1' },
    models: { variable: 'OPENAI_MODELS', default: OPENAI_MODELS },
    api: { variable: 'OPENAI_API', values: OPENAI_APIS },
    background: {
      variable: 'OPENAI_BACKGROUND',
      default: 'off',
      faultOf: (settings) =>
        openAIApiOf(settings) === 'chat' ? 'Needs the Responses API: set OPENAI_API=responses' : undefined,
    },
    create: ({ api, ...settings }) => openAIProvider(openAIApiOf({ ...settings, api }), settings),
  },
  {
    name: 'anthropic',
    apiKey: { variable: 'ANTHROPIC_API_KEY' },
    baseUrl: { variable: 'ANTHROPIC_BASE_URL', default: ANTHROPIC_BASE_URL, example: 'https://gateway.example.com' },
    models: { variable: 'ANTHROPIC_MODELS', default: ANTHROPIC_MODELS },
    create: (settings) => new AnthropicProvider(settings),
  },
  {
    name: 'gemini',
    apiKey: { variable: 'GEMINI_API_KEY' },
    baseUrl: { variable: 'GEMINI_BASE_URL', default: GEMINI_BASE_URL, example: 'https://gateway.example.com' },
    models: { variable: 'GEMINI_MODELS', default: GEMINI_MODELS },
    create: (settings) => new GeminiProvider(settings),
  },
  ...PRESETS,
]
