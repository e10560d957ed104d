import { AnthropicProvider } from './anthropic/anthropic-provider.ts'
import { GeminiProvider } from './gemini/gemini-provider.ts'
import type { LLMProvider } from './llm-provider.ts'
import type { Habits } from './openai/habits.ts'
import { openAIProvider } from './openai/openai-api.ts'
import { OpenAIProvider } from './openai/openai-provider.ts'
import type { VendorKind, VendorSettings } from './vendor.ts'

/** The settings of a vendor that an operator describes. */
interface OwnVendorSettings extends Omit<VendorSettings, 'apiKey'> {
  /** Undefined: the server needs no key. */
  readonly apiKey: (() => string | undefined) | undefined
  readonly habits: Habits | undefined
}

/** How to make the provider of a vendor that an operator describes, by its protocol. */
export const VENDOR_KINDS: Readonly<Record<VendorKind, (settings: OwnVendorSettings) => LLMProvider>> = {
  'openai-compatible': (settings) => new OpenAIProvider(settings),
  openai: (settings) => openAIProvider('responses', settings),
  anthropic: (settings) => new AnthropicProvider(settings),
  gemini: (settings) => new GeminiProvider(settings),
}
