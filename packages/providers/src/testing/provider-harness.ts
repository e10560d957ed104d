import type { FinishReason } from '@promptlab/contract'
import type { LLMProvider } from '../llm-provider.ts'
import type { BackgroundVendor } from './background-vendor.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'

/**
 * What an answer of a vendor can have besides text. `tool-call-stretches`: a tool call can come in several events, and
 * calls can come at the same time.
 */
export type AnswerKind =
  | 'reasoning'
  | 'refusal'
  | 'tool-calls'
  | 'tool-call-stretches'
  | 'carry'
  | 'ping'
  | 'usage-details'

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
  /** The token limit that the provider sends if it is asked for none. Default: it sends none then. */
  readonly defaultMaxTokens?: number
  /** What the wire format of the vendor has besides text. Default: nothing. */
  readonly answers?: readonly AnswerKind[]
  /** Runs that can be joined again. Left out: the provider has no `rejoin`. */
  readonly joinable?: {
    startVendor(): Promise<BackgroundVendor>
    /** Creates the provider so that it makes such runs. */
    create(vendor: { readonly url: string; readonly apiKey: string }): LLMProvider
  }
}
