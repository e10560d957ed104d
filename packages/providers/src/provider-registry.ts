import { type ProviderInfo, RESPONSE_FORMATS } from '@promptlab/contract'
import { type LLMProvider, PROMPT_ONLY } from './llm-provider.ts'

/**
 * Which names of models the jobs of a provider may use: `listed`, those in `models`; `vendor`, those that the vendor has,
 * as far as that is known; `any`, every name.
 */
export type ModelNaming = 'listed' | 'vendor' | 'any'

/** A provider, with the settings that it still lacks. */
export interface ProviderEntry {
  readonly provider: LLMProvider
  /**
   * Looks up the environment variables that must be set before the provider can be used. The registry calls it each
   * time, so a key can appear while the server runs. Left out: the provider lacks nothing.
   */
  readonly missing?: () => readonly string[]
  /** Default: `listed`. */
  readonly naming?: ModelNaming
  /** Whether lists leave the provider out, because nobody configured it. Default: no. */
  readonly isHidden?: boolean
}

/** The providers of a server, by name, in the order in which they were given. */
export class ProviderRegistry {
  // A Map, not an object: names come from requests, and a request may name `__proto__`.
  readonly #entries = new Map<string, ProviderEntry>()

  /** @throws Error two providers have one name */
  constructor(entries: Iterable<ProviderEntry>) {
    for (const entry of entries) {
      const { name } = entry.provider
      if (this.#entries.has(name)) throw new Error(`Two providers are called "${name}".`)
      this.#entries.set(name, entry)
    }
  }

  /** The names of all providers that are not hidden. */
  get names(): readonly string[] {
    return this.shown.map(({ provider }) => provider.name)
  }

  /** All entries that are not hidden. */
  get shown(): readonly ProviderEntry[] {
    return [...this.#entries.values()].filter(({ isHidden }) => !isHidden)
  }

  /** The entry with this name, hidden or not, or `undefined` if there is none. */
  find(name: string): ProviderEntry | undefined {
    return this.#entries.get(name)
  }

  /** Every provider that is not hidden, in the form of `GET /providers`, with the models that it was created with. */
  list(): Omit<ProviderInfo, 'modelList' | 'modelCapabilities'>[] {
    return this.shown.map(({ provider, missing }) => {
      const names = [...(missing?.() ?? [])]
      const { messages, options, responseFormats, imageTypes, fileTypes, urls } = provider.capabilities ?? PROMPT_ONLY
      const formats = options.includes('responseFormat') ? (responseFormats ?? RESPONSE_FORMATS) : []
      return {
        name: provider.name,
        models: [...provider.models],
        configured: names.length === 0,
        capabilities: {
          messages,
          options: [...options],
          responseFormats: [...formats],
          imageTypes: [...imageTypes],
          fileTypes: [...fileTypes],
          urls,
        },
        missing: names,
      }
    })
  }
}
