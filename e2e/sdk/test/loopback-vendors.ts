import {
  type LoopbackVendor,
  startAnthropicVendor,
  startGeminiVendor,
  startOpenAIVendor,
  startResponsesVendor,
} from '@promptlab/providers/testing/vendors'

/** What the vendor of a model can say beside text and tool calls. */
type Speech = 'reasoning' | 'refusal' | 'carry'

/** A model of a loopback vendor, by the name that clients of a door ask for. */
export interface VendorModel {
  readonly model: string
  readonly vendor: 'responses' | 'chat' | 'anthropic' | 'gemini'
  readonly says: readonly Speech[]
}

export const RESPONSES: VendorModel = {
  model: 'openai/gpt-loop',
  vendor: 'responses',
  says: ['reasoning', 'refusal'],
}
/** A vendor that the operator describes in the PROVIDERS_FILE. */
export const CHAT: VendorModel = { model: 'own/chat-loop', vendor: 'chat', says: ['reasoning', 'refusal'] }
/** The same vendor by a preset. */
const PRESET: VendorModel = { model: 'vllm/vllm-loop', vendor: 'chat', says: ['reasoning', 'refusal'] }
export const ANTHROPIC: VendorModel = {
  model: 'anthropic/claude-sonnet-4-6',
  vendor: 'anthropic',
  says: ['reasoning', 'carry'],
}
export const GEMINI: VendorModel = { model: 'gemini/gemini-3.5-flash', vendor: 'gemini', says: ['reasoning', 'carry'] }

export const MODELS = [RESPONSES, CHAT, PRESET, ANTHROPIC, GEMINI]

const PROVIDERS_FILE = 'providers.json'

/** One vendor for each wire that the server speaks. The tests play them. */
export class LoopbackVendors {
  readonly #byName: Readonly<Record<VendorModel['vendor'], LoopbackVendor>>

  private constructor(byName: Readonly<Record<VendorModel['vendor'], LoopbackVendor>>) {
    this.#byName = byName
  }

  static async start(): Promise<LoopbackVendors> {
    const [responses, chat, anthropic, gemini] = await Promise.all([
      startResponsesVendor(),
      startOpenAIVendor(),
      startAnthropicVendor(),
      startGeminiVendor(),
    ])
    return new LoopbackVendors({ responses, chat, anthropic, gemini })
  }

  of({ vendor }: VendorModel): LoopbackVendor {
    return this.#byName[vendor]
  }

  /** How many requests all of them got. */
  get calls(): number {
    return Object.values(this.#byName).reduce((sum, { requests }) => sum + requests, 0)
  }

  /** The settings of a server that asks these vendors. */
  get env(): Record<string, string> {
    const { responses, chat, anthropic, gemini } = this.#byName
    return {
      OPENAI_API: 'responses',
      OPENAI_API_KEY: 'vendor-key',
      OPENAI_BASE_URL: responses.url,
      OPENAI_MODELS: 'gpt-loop',
      ANTHROPIC_API_KEY: 'vendor-key',
      ANTHROPIC_BASE_URL: anthropic.url,
      ANTHROPIC_MODELS: 'claude-sonnet-4-6',
      GEMINI_API_KEY: 'vendor-key',
      GEMINI_BASE_URL: gemini.url,
      GEMINI_MODELS: 'gemini-3.5-flash',
      VLLM_BASE_URL: chat.url,
      VLLM_MODELS: 'vllm-loop',
      PROVIDERS_FILE,
      ECHO_DELAY_MS: '0',
      MODEL_REFRESH_MINUTES: '0',
    }
  }

  /** The file that `env` names, and its content. */
  get providersFile(): { readonly name: string; readonly content: string } {
    const own = { name: 'own', kind: 'openai-compatible', baseUrl: this.#byName.chat.url, models: ['chat-loop'] }
    return { name: PROVIDERS_FILE, content: JSON.stringify([own]) }
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#byName).map((vendor) => vendor.close()))
  }
}
