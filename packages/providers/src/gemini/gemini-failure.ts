import type { ProviderErrorCode } from '@promptlab/contract'
import { codeOfWords } from '../refusal-words.ts'
import { valueAt } from '../value-at.ts'
import { failureOfStatus, type VendorFailure } from '../vendor-failure.ts'

/** A failure that the vendor reports inside its stream: a blocked prompt, or an `{"error": …}` object. */
export function failureInChunk(chunk: unknown): VendorFailure | undefined {
  const blockReason = valueAt(chunk, 'promptFeedback', 'blockReason')
  if (blockReason) {
    return { code: 'provider-rejected', what: 'blocked the prompt', vendorText: String(blockReason) }
  }
  const error = valueAt(chunk, 'error')
  if (error === undefined || error === null) return undefined
  const status = Number(valueAt(error, 'code'))
  const words = valueAt(error, 'message') ?? error
  const vendorText = typeof words === 'string' ? words : JSON.stringify(words)
  return {
    ...failureOfRefusal(status >= 400 ? status : 500, valueAt(error, 'details'), vendorText),
    what: 'failed in the middle of its answer',
  }
}

/**
 * The failure that an error status means.
 * @param details the `details` of the error in the body, in any form
 */
export function failureOfRefusal(status: number, details: unknown, vendorText: string): VendorFailure {
  const list = Array.isArray(details) ? details : []
  const reasons = list.map((detail) => valueAt(detail, 'reason'))
  return {
    ...failureOfStatus(status),
    code: codeOf(status, reasons, vendorText),
    retryAfterMs: list.map(retryDelayMs).find((delay) => delay !== undefined),
    vendorText,
    sentence: vendorText,
  }
}

function codeOf(status: number, reasons: readonly unknown[], text: string): ProviderErrorCode {
  const { code } = failureOfStatus(status)
  if (reasons.includes('BILLING_DISABLED')) return 'provider-quota-exceeded'
  // Gemini answers a plain 400 for a wrong key, and for a server in a country that it does not serve.
  if (reasons.includes('API_KEY_INVALID')) return 'provider-auth'
  if (status === 400 && /location is not supported/i.test(text)) return 'provider-auth'
  return code === 'provider-rejected' ? (codeOfWords(text) ?? code) : code
}

/** Reads `google.rpc.RetryInfo` from a detail of an error: a protobuf duration such as `"3.5s"`. */
function retryDelayMs(detail: unknown): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(valueAt(detail, 'retryDelay')))?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}
