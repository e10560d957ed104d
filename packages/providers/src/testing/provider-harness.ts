import type { FinishReason } from '@promptlab/contract'
import type { LLMProvider } from '../llm-provider.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'

/** How the suite gets at the provider under test. */
export interface ProviderHarness {
  /** One of its models. */
  readonly model: string
  /** Makes the provider, without delays; `vendor` says where its vendor is and which key it has. */
  create(vendor: { readonly url: string; readonly apiKey: string }): LLMProvider
  /** Starts its vendor. Left out: the provider has no wire, and must answer with the prompt. */
  startVendor?(): Promise<LoopbackVendor>
  /** The finish reasons that its vendor can report. Default: all of them. */
  readonly finishReasons?: readonly FinishReason[]
}
