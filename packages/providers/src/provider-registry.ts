import type { ProviderInfo } from '@promptlab/contract'
import type { LLMProvider } from './llm-provider.ts'

/** A provider, and what it still needs before it can work. */
export interface ProviderEntry {
  readonly provider: LLMProvider
  /** The environment variables that must be set first; asked anew each time, so a key can appear while the server runs. */
  readonly missing?: () => readonly string[]
}

/** The providers of a server, by name, in the order they were given. */
export class ProviderRegistry {
  // A Map, not an object: names come from requests, and `__proto__` is one.
  readonly #entries = new Map<string, ProviderEntry>()

  /** @throws Error two providers have the same name */
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

  /** The entry, or `undefined` if no provider has this name. */
  find(name: string): ProviderEntry | undefined {
    return this.#entries.get(name)
  }

  /** Every provider as `GET /providers` shows it. */
  list(): ProviderInfo[] {
    return [...this.#entries.values()].map(({ provider, missing }) => {
      const names = [...(missing?.() ?? [])]
      return { name: provider.name, models: [...provider.models], configured: names.length === 0, missing: names }
    })
  }
}
