import type { ProviderErrorCode } from '@promptlab/contract'
import { ProviderError } from './provider-error.ts'
import { redactSecrets } from './redact-secrets.ts'
import { valueAt } from './value-at.ts'

const VENDOR_TEXT_MAX_CHARS = 500
/** A longer text is no sentence for callers. */
const SENTENCE_MAX_CHARS = 300

/** A failure of a vendor as its adapter understands it. It may hold secrets until `providerErrorOf` has redacted it. */
export interface VendorFailure {
  readonly code: ProviderErrorCode
  /** What the vendor did, in our words. It follows the vendor's name in a sentence: "answered 500". */
  readonly what: string
  /** Default: the usual value for the code. */
  readonly retryable?: boolean | undefined
  /** The wait that the vendor asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The HTTP status, or what stands for it inside a 200. */
  readonly status?: number | undefined
  /** Where the request went, without its query. */
  readonly address?: string | undefined
  /** The vendor's own words. They may quote a key. */
  readonly vendorText?: string | undefined
  /**
   * The vendor's own sentence about the request, for callers. They see it only with a code that is about the request,
   * never if the status is 401 or 403, and only if it is short. It may quote a key.
   */
  readonly sentence?: string | undefined
  /** Whether the vendor's run has ended with this failure, so that joining it again would tell the same. Default: no. */
  readonly hasEndedRun?: boolean | undefined
}

/** Thrown inside a `VendorCall` by code that knows the failure. `streamFromVendor` turns it into a `ProviderError`. */
export class VendorFailed extends Error {
  readonly failure: VendorFailure

  constructor(failure: VendorFailure) {
    super(failure.what)
    this.failure = failure
  }
}

/** Turns the failure into an error that is safe to log: the vendor's words are redacted, then cut to 500 characters. */
export function providerErrorOf(provider: string, failure: VendorFailure, secrets: readonly string[]): ProviderError {
  // Redact before the cut: a cut could leave half a key, which no pattern finds.
  const words = redactSecrets(failure.vendorText ?? '', secrets)
    .trim()
    .slice(0, VENDOR_TEXT_MAX_CHARS)
  const sentence = shortSentence(redactSecrets(sentenceFor(failure) ?? '', secrets))
  return new ProviderError(`${provider} ${failure.what}${words ? `: ${words}` : ''}`, {
    ...failure,
    sentence: sentence && `${provider}: ${sentence}`,
    words: words || undefined,
  })
}

function sentenceFor({ code, status, sentence }: VendorFailure): string | undefined {
  return ABOUT_REQUEST.has(code) && status !== 401 && status !== 403 ? sentence : undefined
}

const ABOUT_REQUEST: ReadonlySet<ProviderErrorCode> = new Set([
  'provider-rejected',
  'model-unavailable',
  'prompt-too-long',
])

/** The text on one line. Undefined if it is empty, too long, or a page. */
function shortSentence(text: string): string | undefined {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  return line === '' || line.length > SENTENCE_MAX_CHARS || /<\/?[a-z!]/i.test(line) ? undefined : line
}

/**
 * Statuses below 500 for which a valid request fails, and which pass: time-outs of the vendor, conflicts of its locks, a
 * model that is not loaded yet, and too much load (Groq's 498).
 */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 424, 425, 498])

/** The failure that an HTTP status means. It is the same for every vendor. */
export function failureOfStatus(status: number): VendorFailure {
  return { code: codeOfStatus(status), what: `answered ${status}`, status }
}

function codeOfStatus(status: number): ProviderErrorCode {
  if (status === 401 || status === 403) return 'provider-auth'
  if (status === 429) return 'provider-rate-limited'
  if (status === 402) return 'provider-quota-exceeded'
  // The only thing that our requests name is the model.
  if (status === 404) return 'model-unavailable'
  if (status === 413) return 'prompt-too-long'
  if (status >= 500 || PASSING_STATUSES.has(status)) return 'provider-unavailable'
  if (status >= 400) return 'provider-rejected'
  return 'provider-malformed'
}

/** The name of the server is not known, or nothing listens at its address. */
const UNREACHED = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])
const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/**
 * The failure of a connection, or of reading an answer, found by the codes that Node sets on an error and its causes.
 */
export function failureOfTransport(error: unknown): VendorFailure {
  const code = systemCode(error)
  if (code !== undefined && TIMEOUTS.has(code)) return { code: 'provider-timeout', what: `timed out (${code})` }
  if (code !== undefined && UNREACHED.has(code)) {
    return { code: 'provider-unavailable', what: `could not be reached (${code})` }
  }
  if (code !== undefined) return { code: 'provider-unavailable', what: `lost the connection (${code})` }
  // `fetch` throws a bare TypeError for a broken connection, and the error of a broken body may have no code.
  if (error instanceof TypeError && /fetch failed|terminated|network/i.test(error.message)) {
    return { code: 'provider-unavailable', what: 'lost the connection' }
  }
  return { code: 'provider-malformed', what: `sent something unreadable (${nameOf(error)})` }
}

/** The failure of a request that got no answer. */
export function failureOfSending(error: unknown): VendorFailure {
  const failure = failureOfTransport(error)
  // There is no answer that could be malformed, so an error that the transport does not know is a failed connection
  // too.
  return failure.code === 'provider-malformed'
    ? { code: 'provider-unavailable', what: 'could not be reached' }
    : failure
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
