import type { ProviderErrorCode } from '@promptlab/contract'
import { ProviderError } from './provider-error.ts'
import { redactSecrets } from './redact-secrets.ts'
import { valueAt } from './value-at.ts'

const VENDOR_TEXT_MAX_CHARS = 500

/** What an adapter found out about a failure of its vendor; not yet safe to show. */
export interface VendorFailure {
  readonly code: ProviderErrorCode
  /** What the vendor did, in our words, to follow its name: "answered 500". */
  readonly what: string
  /** Left out: what is usual for the code. */
  readonly retryable?: boolean | undefined
  /** Milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The HTTP status. */
  readonly status?: number | undefined
  /** The vendor's own words; may hold anything. */
  readonly vendorText?: string | undefined
}

/** Thrown inside a `VendorCall` by code that knows what went wrong; `streamFromVendor` makes a `ProviderError` of it. */
export class VendorFailed extends Error {
  readonly failure: VendorFailure

  constructor(failure: VendorFailure) {
    super(failure.what)
    this.failure = failure
  }
}

/** The failure as an error that is safe to log: the vendor's words are redacted first and then cut to 500 characters. */
export function providerErrorOf(provider: string, failure: VendorFailure, secrets: readonly string[]): ProviderError {
  // Redact before cutting: a cut could leave half a key that no longer matches.
  const words = redactSecrets(failure.vendorText ?? '', secrets)
    .trim()
    .slice(0, VENDOR_TEXT_MAX_CHARS)
  return new ProviderError(`${provider} ${failure.what}${words ? `: ${words}` : ''}`, failure)
}

/** What an HTTP status means, the same for every vendor. */
export function failureOfStatus(status: number): VendorFailure {
  return { code: codeOfStatus(status), what: `answered ${status}`, status }
}

function codeOfStatus(status: number): ProviderErrorCode {
  if (status === 401 || status === 403) return 'provider-auth'
  if (status === 429) return 'provider-rate-limited'
  // 408 and 409 are the vendor's own time-outs and lock conflicts: the request was fine.
  if (status === 408 || status === 409 || status >= 500) return 'provider-unavailable'
  if (status >= 400) return 'provider-rejected'
  return 'provider-malformed'
}

const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** What went wrong below HTTP, or while reading: from the codes that Node leaves along the causes of an error. */
export function failureOfTransport(error: unknown): VendorFailure {
  const code = systemCode(error)
  if (code !== undefined && TIMEOUTS.has(code)) return { code: 'provider-timeout', what: `timed out (${code})` }
  if (code !== undefined) return { code: 'provider-unavailable', what: `lost the connection (${code})` }
  // What fetch throws for a broken connection is a bare TypeError; a broken body may come without any code.
  if (error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message)) {
    return { code: 'provider-unavailable', what: 'lost the connection' }
  }
  return { code: 'provider-malformed', what: `sent something unreadable (${nameOf(error)})` }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : typeof error
}

function systemCode(error: unknown, depth = 0): string | undefined {
  if (depth > 5 || !(error instanceof Error)) return undefined
  const code = valueAt(error, 'code')
  if (typeof code === 'string' && /^(?:E[A-Z]|UND_ERR_|HPE_|CERT_|ERR_TLS|ERR_SSL|DEPTH_|UNABLE_)/.test(code))
    return code
  return systemCode(error.cause, depth + 1)
}
