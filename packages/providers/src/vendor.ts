import type { LLMProvider } from './llm-provider.ts'
import type { ModelNaming, ProviderEntry } from './provider-registry.ts'
import type { RequestHeaders } from './request-headers.ts'

/**
 * A vendor, as one row of `VENDORS`. Each setting names the environment variable that it is read from; a vendor does
 * not have the settings that its row leaves out.
 */
export interface Vendor {
  /** The name of its provider, by which callers choose it. */
  readonly name: string
  /** Left out: the vendor needs no key. Otherwise the provider is not available while the variable is not set. */
  readonly apiKey?: { readonly variable: string }
  readonly baseUrl?: BaseUrlSetting
  readonly models: {
    /** Left out: operators cannot change the list. */
    readonly variable?: string
    /** Counts while the vendor cannot be asked. Left out: then the list is empty, and any name may be tried. */
    readonly default?: readonly string[]
  }
  /**
   * Whether lists leave the vendor out unless it is configured at the start. It stays switched off then, until the next
   * start. Default: no.
   */
  readonly isPreset?: boolean
  /** Where a server of this vendor listens on the operator's machine, if it runs there. */
  readonly usualUrl?: string
  readonly delayMs?: { readonly variable: string; readonly default: number }
  /** The APIs of the vendor, if operators may choose one. Left out, or not set: the usual one at its address. */
  readonly api?: { readonly variable: string; readonly values: readonly string[] }
  /** Whether operators may choose that runs go on at the vendor when the connection breaks. Left out: they may not. */
  readonly background?: {
    readonly variable: string
    readonly default: 'off'
    /** Why these settings do not go with it. Undefined: they do. */
    faultOf(settings: Pick<VendorSettings, 'api' | 'baseUrl'>): string | undefined
  }
  /** The settings of a vendor that plays fixtures. Left out: it plays none. */
  readonly replay?: {
    /** The folder of the fixtures. While the variable is not set, the provider is not available. */
    readonly folder: { readonly variable: string }
    readonly speed: { readonly variable: string; readonly default: number }
    /** The names of the providers whose fixtures are played under their own names. */
    readonly standsFor: { readonly variable: string }
  }
  create(settings: VendorSettings): LLMProvider
}

/** An address that operators may set, one that they must set, or one that is fixed. */
type BaseUrlSetting =
  | {
      readonly variable: string
      /** Left out: the provider is not available while the variable is not set. */
      readonly default?: string
      /** An address that an operator may want to set, for error messages. */
      readonly example: string
    }
  | { readonly variable?: undefined; readonly default: string; readonly example?: undefined }

/** The protocols of vendors that operators may describe themselves. */
export const VENDOR_KIND_NAMES = ['openai-compatible', 'openai', 'anthropic', 'gemini'] as const
export type VendorKind = (typeof VENDOR_KIND_NAMES)[number]

/** How fixtures are played. */
export interface ReplaySettings {
  /** Undefined: the variable is not set. */
  readonly folder: string | undefined
  /** 1: as it was recorded; 2: twice as fast; 0: at once. */
  readonly speed: number
  /** The providers whose fixtures are played under their own names, and so not by this vendor. Left out: none. */
  readonly others?: readonly string[]
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
  /** The models that the operator names, or the default of the row. */
  readonly models: readonly string[]
  /** The API that the operator chose, one of the row's `values`. Undefined: none. */
  readonly api?: string | undefined
  /** Whether runs go on at the vendor when the connection breaks, so that they can be joined again. Left out: no. */
  readonly background?: boolean | undefined
  /** Sent with each request to the vendor. Left out: none but the adapter's own. */
  readonly headers?: RequestHeaders | undefined
  /** The pause between two pieces of an answer, in milliseconds; 0 for a vendor without this setting. */
  readonly delayMs: number
  readonly replay?: ReplaySettings | undefined
  /**
   * Called with a sentence for the operator's log, such as one about a parameter that the server at `baseUrl` does not
   * take. It holds no secret.
   */
  readonly onNotice?: ((notice: string) => void) | undefined
}

/**
 * The vendor's provider, with a lookup of the variables that it lacks.
 * @param naming which names of models jobs may use
 */
export function vendorEntry(
  vendor: Vendor,
  settings: VendorSettings,
  naming: ModelNaming = 'listed',
): ProviderEntry & Required<Pick<ProviderEntry, 'missing'>> {
  const missing = () => {
    const lacking = [
      settings.apiKey() ? undefined : vendor.apiKey?.variable,
      settings.baseUrl ? undefined : vendor.baseUrl?.variable,
      settings.replay?.folder ? undefined : vendor.replay?.folder.variable,
    ]
    return lacking.filter((variable) => variable !== undefined)
  }
  const provider = vendor.create(settings)
  const lackedAtStart = missing()
  if (!vendor.isPreset || lackedAtStart.length === 0) return { provider, missing, naming }
  return { provider, missing: () => lackedAtStart, naming, isHidden: true }
}
