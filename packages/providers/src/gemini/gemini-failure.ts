import {
  type GenerateContentStreamResult,
  GoogleGenerativeAIError,
  GoogleGenerativeAIFetchError,
} from '@google/generative-ai'
import { valueAt } from '../value-at.ts'
import { failureOfStatus, failureOfTransport, VendorFailed, type VendorFailure } from '../vendor-failure.ts'

/** One element of the SDK's stream. */
export type GeminiChunk = GenerateContentStreamResult['stream'] extends AsyncGenerator<infer Chunk> ? Chunk : never

/** What an error of the `@google/generative-ai` SDK means. */
export function geminiFailure(error: unknown): VendorFailure {
  if (error instanceof GoogleGenerativeAIFetchError && typeof error.status === 'number') {
    return answered(error.status, error.errorDetails, error.message.replace(/^.*?: \[\d{3}[^\]]*\] /s, ''))
  }
  if (error instanceof GoogleGenerativeAIError) return failureOfMessage(error.message)
  return failureOfTransport(error)
}

/**
 * Looks for a failure that the vendor reports inside its stream.
 * @throws VendorFailed a prompt it will not answer, or an `{"error": …}` object
 */
export function throwIfFailed(chunk: GeminiChunk): void {
  const blockReason = chunk.promptFeedback?.blockReason
  if (blockReason) {
    throw new VendorFailed({ code: 'provider-rejected', what: 'blocked the prompt', vendorText: String(blockReason) })
  }
  const error = valueAt(chunk, 'error')
  if (error === undefined) return
  const status = Number(valueAt(error, 'code'))
  throw new VendorFailed({
    ...answered(status >= 400 ? status : 500, valueAt(error, 'details'), String(valueAt(error, 'message') ?? '')),
    what: 'failed in the middle of its answer',
  })
}

function answered(status: number, details: unknown, vendorText: string): VendorFailure {
  const list = Array.isArray(details) ? details : []
  // A wrong key is a plain 400 here.
  const isKeyInvalid = list.some((detail) => valueAt(detail, 'reason') === 'API_KEY_INVALID')
  return {
    ...failureOfStatus(status),
    ...(isKeyInvalid && { code: 'provider-auth' as const }),
    retryAfterMs: list.map(retryDelayMs).find((delay) => delay !== undefined),
    vendorText,
  }
}

/** `google.rpc.RetryInfo` in a detail of an error: a protobuf duration such as `"3.5s"`. */
function retryDelayMs(detail: unknown): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(valueAt(detail, 'retryDelay')))?.[1]
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}

/** The SDK replaces what happened by a sentence, without a cause: its wording is all there is. */
function failureOfMessage(message: string): VendorFailure {
  if (/Error fetching from/.test(message)) return { code: 'provider-unavailable', what: 'could not be reached' }
  if (/Error reading from the stream/.test(message))
    return { code: 'provider-unavailable', what: 'lost the connection' }
  return { code: 'provider-malformed', what: 'sent something unreadable' }
}
