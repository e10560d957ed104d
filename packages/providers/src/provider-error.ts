import type { ProviderErrorCode } from '@promptlab/contract'

const RETRYABLE: Readonly<Record<ProviderErrorCode, boolean>> = {
  'provider-auth': false,
  'provider-rate-limited': true,
  'provider-unavailable': true,
  'provider-timeout': true,
  'provider-rejected': false,
  'provider-malformed': true,
}

interface ProviderErrorInit {
  readonly code: ProviderErrorCode
  /** Left out: what is usual for the code. */
  readonly retryable?: boolean | undefined
  readonly retryAfterMs?: number | undefined
  readonly status?: number | undefined
}

/**
 * A failure on the vendor's side. The `message` is for our log, never for a client: it may quote the vendor.
 * It holds no secret, and there is no `cause`, because errors of the SDKs carry headers and addresses.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: ProviderErrorCode
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** How long the vendor asked to wait, in milliseconds. */
  readonly retryAfterMs?: number
  /** The HTTP status the vendor answered with; absent when it did not get that far. */
  readonly status?: number

  /** @param message free of secrets; quote a vendor only through `redactSecrets` */
  constructor(message: string, init: ProviderErrorInit) {
    super(message)
    this.code = init.code
    this.retryable = init.retryable ?? RETRYABLE[init.code]
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs
    if (init.status !== undefined) this.status = init.status
  }
}
