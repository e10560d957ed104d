import type { ProviderErrorCode } from '@promptlab/contract'

const RETRYABLE: Readonly<Record<ProviderErrorCode, boolean>> = {
  'provider-auth': false,
  'provider-rate-limited': true,
  'provider-quota-exceeded': false,
  'provider-unavailable': true,
  'provider-timeout': true,
  'provider-rejected': false,
  'provider-malformed': true,
  'model-unavailable': false,
  'prompt-too-long': false,
}

interface ProviderErrorInit {
  readonly code: ProviderErrorCode
  /** Default: the usual value for the code. */
  readonly retryable?: boolean | undefined
  readonly retryAfterMs?: number | undefined
  readonly status?: number | undefined
  /** The vendor's own sentence about the request, if callers may see it: named, short, and without secrets. */
  readonly sentence?: string | undefined
  /** Where the request went. */
  readonly address?: string | undefined
  /** The vendor's own words, without secrets. */
  readonly words?: string | undefined
  /** Whether the vendor's run has ended with this failure. Default: no. */
  readonly hasEndedRun?: boolean | undefined
}

/**
 * A failure of a vendor. The `message` may quote the vendor, so it is for our log and never for a client.
 * The error holds no secret. It has no `cause`, because errors of the SDKs carry headers and addresses.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: ProviderErrorCode
  /** Whether the same call may succeed when it is repeated later. */
  readonly retryable: boolean
  /** The wait that the vendor asked for, in milliseconds. */
  readonly retryAfterMs?: number
  /** The HTTP status of the vendor's answer, or what stands for it inside a 200. Absent if there was neither. */
  readonly status?: number
  /**
   * The vendor's own sentence about the request, behind the name of the provider: "openai: This model's maximum context
   * length is 8192 tokens." Present only if the request itself was refused and the sentence is short. It has no secrets,
   * so callers may see it.
   */
  readonly sentence?: string
  /** Where the request went, without a query and a password. Absent if the adapter does not tell. */
  readonly address?: string
  /** The vendor's own words, at most 500 characters, without secrets. They may quote the prompt. */
  readonly words?: string
  /** Whether the vendor's run has ended with this failure, so that joining it again would tell the same. */
  readonly hasEndedRun: boolean

  /** @param message must hold no secret; quote a vendor only through `redactSecrets` */
  constructor(message: string, init: ProviderErrorInit) {
    super(message)
    this.code = init.code
    this.hasEndedRun = init.hasEndedRun ?? false
    this.retryable = init.retryable ?? RETRYABLE[init.code]
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs
    if (init.status !== undefined) this.status = init.status
    if (init.sentence !== undefined) this.sentence = init.sentence
    if (init.address !== undefined) this.address = init.address
    if (init.words !== undefined) this.words = init.words
  }
}
