import type { GenerateContentStreamResult } from '@google/generative-ai'
import { valueAt } from '../value-at.ts'
import { failureOfStatus, VendorFailed, type VendorFailure } from '../vendor-failure.ts'

/** One element of the SDK's stream. */
export type GeminiChunk = GenerateContentStreamResult['stream'] extends AsyncGenerator<infer Chunk> ? Chunk : never

/**
 * Checks a chunk for a failure that the vendor reports inside its stream.
 * @throws VendorFailed the vendor blocked the prompt, or the chunk is an `{"error": …}` object
 */
export function throwIfFailed(chunk: GeminiChunk): void {
  const blockReason = chunk.promptFeedback?.blockReason
  if (blockReason) {
    throw new VendorFailed({ code: 'provider-rejected', what: 'blocked the prompt', vendorText: String(blockReason) })
  }
  const error = valueAt(chunk, 'error')
  if (error === undefined) return
  const status = Number(valueAt(error, 'code'))
  const vendorText = String(valueAt(error, 'message') ?? '')
  throw new VendorFailed({
    ...failureOfRefusal(status >= 400 ? status : 500, valueAt(error, 'details'), vendorText),
    what: 'failed in the middle of its answer',
  })
}

/**
 * The failure that an error status means.
 * @param details the `details` of the error in the body, in any form
 */
export function failureOfRefusal(status: number, details: unknown, vendorText: string): VendorFailure {
  const list = Array.isArray(details) ? details : []
  // Gemini answers a plain 400 for a wrong key.
  const isKeyInvalid = list.some((detail) => valueAt(detail, 'reason') === 'API_KEY_INVALID')
  return {
    ...failureOfStatus(status),
    ...(isKeyInvalid && { code: 'provider-auth' as const }),
    retryAfterMs: list.map(retryDelayMs).find((delay) => delay !== undefined),
    vendorText,
  }
}

/** Reads `google.rpc.RetryInfo` from a detail of an error: a protobuf duration such as `"3.5s"`. */
function retryDelayMs(detail: unknown): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(valueAt(detail, 'retryDelay')))?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}
