import type { FinishReason } from '@promptlab/contract'
import type { LLMProvider } from '../llm-provider.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'

/** The provider under test, and its vendor, for the suite `describeLLMProvider`. */
export interface ProviderHarness {
  /** One of the provider's models. */
  readonly model: string
  /** Creates the provider without pauses, for the vendor at this address and with this key. */
  create(vendor: { readonly url: string; readonly apiKey: string }): LLMProvider
  /** Starts the vendor. Left out: the provider uses no network, and it answers with the prompt. */
  startVendor?(): Promise<LoopbackVendor>
  /** Whether requests to the vendor carry the key. Default: yes. */
  readonly usesKey?: boolean
  /** The finish reasons that the vendor can report. Default: all of them. */
  readonly finishReasons?: readonly FinishReason[]
}
