import type { ProviderInfo } from '@promptlab/contract'
import { type LLMProvider, PROMPT_ONLY } from './llm-provider.ts'

/** A provider, with the settings that it still lacks. */
export interface ProviderEntry {
  readonly provider: LLMProvider
  /**
   * Looks up the environment variables that must be set before the provider can be used. The registry calls it each
   * time, so a key can appear while the server runs. Left out: the provider lacks nothing.
   */
  readonly missing?: () => readonly string[]
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

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** The entry with this name, or `undefined` if there is none. */
  find(name: string): ProviderEntry | undefined {
    return this.#entries.get(name)
  }

  /** Every provider in the form of `GET /providers`. */
  list(): ProviderInfo[] {
    return [...this.#entries.values()].map(({ provider, missing }) => {
      const names = [...(missing?.() ?? [])]
      const { messages, options, imageTypes, fileTypes, urls } = provider.capabilities ?? PROMPT_ONLY
      return {
        name: provider.name,
        models: [...provider.models],
        configured: names.length === 0,
        capabilities: {
          messages,
          options: [...options],
          imageTypes: [...imageTypes],
          fileTypes: [...fileTypes],
          urls,
        },
        missing: names,
      }
    })
  }
}
