import type { Habits } from './openai/habits.ts'
import { OpenAIProvider } from './openai/openai-provider.ts'
import type { Vendor } from './vendor.ts'

/** A service that speaks Chat Completions, and needs a key only. */
interface Service {
  readonly name: string
  readonly baseUrl: string
  readonly habits: Habits
}

/** A server that speaks Chat Completions and usually runs on the operator's machine, without a key. */
interface LocalServer {
  readonly name: string
  /** Where it listens unless its operator changes that. */
  readonly usualUrl: string
  readonly habits: Habits
}

const NO_FILES = { fileTypes: [] } as const
const PENALTIES = ['presencePenalty', 'frequencyPenalty'] as const

/** Habits are from the services' references. What a server refuses beside that, `refused-parameters.ts` finds out. */
const SERVICES: readonly Service[] = [
  { name: 'openrouter', baseUrl: 'https://openrouter.ai/api/v1', habits: { effort: 'reasoning' } },
  {
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    // It takes the penalties, and says that no model keeps them.
    habits: { ...NO_FILES, tokenLimit: 'max_completion_tokens', lacks: PENALTIES },
  },
  {
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    // It refuses fields that it does not know, and sends the usage without being asked.
    habits: { ...NO_FILES, streamOptions: false, seed: 'random_seed' },
  },
  {
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com/v1',
    habits: {
      ...NO_FILES,
      imageTypes: [],
      responseFormats: ['text', 'json'],
      lacks: ['seed', 'parallelToolCalls', ...PENALTIES],
      // It refuses a conversation in which a tool was called without the reasoning that led to it.
      reasoningField: 'reasoning_content',
    },
  },
  {
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    habits: { ...NO_FILES, tokenLimit: 'max_completion_tokens', imageTypes: ['image/png', 'image/jpeg'] },
  },
  { name: 'together', baseUrl: 'https://api.together.xyz/v1', habits: NO_FILES },
  { name: 'fireworks', baseUrl: 'https://api.fireworks.ai/inference/v1', habits: NO_FILES },
]

const LOCAL_SERVERS: readonly LocalServer[] = [
  {
    name: 'ollama',
    usualUrl: 'http://127.0.0.1:11434',
    habits: { ...NO_FILES, lacks: ['parallelToolCalls'], wholeList: true },
  },
  {
    name: 'lmstudio',
    usualUrl: 'http://127.0.0.1:1234',
    habits: { ...NO_FILES, lacks: ['parallelToolCalls'], responseFormats: ['text', 'json-schema'] },
  },
  { name: 'vllm', usualUrl: 'http://127.0.0.1:8000', habits: { ...NO_FILES, wholeList: true } },
  // It answers to any name with the model that it has loaded.
  { name: 'llamacpp', usualUrl: 'http://127.0.0.1:8080', habits: NO_FILES },
]

/**
 * Vendors that one variable switches on. They have no lists of models of their own, because such lists are old within
 * weeks: each vendor is asked.
 */
export const PRESETS: readonly Vendor[] = [...SERVICES.map(serviceRow), ...LOCAL_SERVERS.map(localRow)]

function serviceRow({ name, baseUrl, habits }: Service): Vendor {
  const prefix = name.toUpperCase()
  return {
    name,
    isPreset: true,
    apiKey: { variable: `${prefix}_API_KEY` },
    baseUrl: { default: baseUrl },
    models: { variable: `${prefix}_MODELS` },
    create: (settings) => new OpenAIProvider({ ...settings, habits }),
  }
}

function localRow({ name, usualUrl, habits }: LocalServer): Vendor {
  const prefix = name.toUpperCase()
  return {
    name,
    isPreset: true,
    baseUrl: { variable: `${prefix}_BASE_URL`, example: usualUrl },
    usualUrl,
    models: { variable: `${prefix}_MODELS` },
    create: ({ baseUrl, ...settings }) =>
      new OpenAIProvider({ ...settings, habits, apiKey: undefined, baseUrl: baseUrl && withVersion(baseUrl) }),
  }
}

/** The address with `/v1`, which operators may leave out. */
function withVersion(baseUrl: string): string {
  const url = new URL(baseUrl)
  return url.pathname === '/' ? new URL('/v1', url).href : baseUrl
}
