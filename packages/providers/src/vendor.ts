import type { LLMProvider } from './llm-provider.ts'
import type { ProviderEntry } from './provider-registry.ts'

/**
 * A vendor, as one row of `VENDORS`. Each setting names the environment variable that it is read from; a vendor does
 * not have the settings that its row leaves out.
 */
export interface Vendor {
  /** The name of its provider, by which callers choose it. */
  readonly name: string
  /** Left out: the vendor needs no key. Otherwise the provider is not available while the variable is not set. */
  readonly apiKey?: { readonly variable: string }
  readonly baseUrl?: {
    readonly variable: string
    /** Left out: the provider is not available while the variable is not set. */
    readonly default?: string
    /** An address that an operator may want to set, for error messages. */
    readonly example: string
  }
  readonly models: {
    /** Left out: operators cannot change the list. */
    readonly variable?: string
    readonly default: readonly string[]
  }
  readonly delayMs?: { readonly variable: string; readonly default: number }
  create(settings: VendorSettings): LLMProvider
}

/** The settings that a vendor's provider is created with. */
export interface VendorSettings {
  /** The vendor's name in the table, so that vendors with one protocol can share an adapter. */
  readonly name: string
  /**
   * Looked up at each call, so that a key can appear or change while the server runs. Undefined: there is no key now.
   */
  readonly apiKey: () => string | undefined
  /** Undefined: the variable is not set, and the row has no default. */
  readonly baseUrl: string | undefined
  readonly models: readonly string[]
  /** The pause between two pieces of an answer, in milliseconds; 0 for a vendor without this setting. */
  readonly delayMs: number
  /**
   * Called with a sentence for the operator's log, such as one about a parameter that the server at `baseUrl` does not
   * take. It holds no secret.
   */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/** The vendor's provider, with a lookup of the variables that it lacks. */
export function vendorEntry(vendor: Vendor, settings: VendorSettings): Required<ProviderEntry> {
  return {
    provider: vendor.create(settings),
    missing: () => {
      const lacking = [!settings.apiKey() && vendor.apiKey, !settings.baseUrl && vendor.baseUrl]
      return lacking.flatMap((setting) => (setting ? [setting.variable] : []))
    },
  }
}
