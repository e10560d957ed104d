import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { CompletionSummary } from './llm-provider.ts'
import { ProviderError } from './provider-error.ts'
import { failureOfTransport, providerErrorOf, VendorFailed, type VendorFailure } from './vendor-failure.ts'

/** What one chunk of a vendor's stream says; all parts may be absent. */
export interface ChunkReading {
  readonly text?: string | undefined
  /** Also the end marker: a stream that ends without one is a failure. */
  readonly finishReason?: FinishReason | undefined
  /** The latest one counts. */
  readonly usage?: TokenUsage | undefined
  /** The vendor says that this was all. Also an end marker, for vendors that give no reason, if there was any text. */
  readonly isEnd?: boolean | undefined
}

/** One call to a vendor: the parts that differ between vendors. */
export interface VendorCall<Chunk> {
  /** The provider's name, for messages. */
  readonly provider: string
  /** Asked once, at the first `next()`. */
  readonly apiKey: () => string | undefined
  /** The caller's signal. */
  readonly signal: AbortSignal
  /** Sends the request and waits for the headers. The signal it is given aborts when the caller aborts or leaves, or the stream fails. */
  open(apiKey: string, signal: AbortSignal): Promise<AsyncIterable<Chunk>>
  read(chunk: Chunk): ChunkReading
  /** What an error of the vendor's SDK means; of a `VendorFailed` it is known. Default: `failureOfTransport`. */
  explain?(error: unknown): VendorFailure
}

/**
 * Keeps the promises of `LLMProvider.complete` for a vendor behind HTTP: abort, leaving early, end marker, safe errors.
 * @throws ProviderError, or `call.signal.reason` on abort
 */
export async function* streamFromVendor<Chunk>(call: VendorCall<Chunk>): AsyncGenerator<string, CompletionSummary> {
  call.signal.throwIfAborted()
  const apiKey = usableKey(call)
  // A signal of our own for each call: SDKs add listeners and never take them off, and some only stop at an abort.
  const upstream = new AbortController()
  const stop = () => upstream.abort(call.signal.reason)
  call.signal.addEventListener('abort', stop, { once: true })
  let isComplete = false
  try {
    const summary: { usage?: TokenUsage; finishReason?: FinishReason } = {}
    let hasText = false
    let isEnded = false
    for await (const chunk of await call.open(apiKey, upstream.signal)) {
      call.signal.throwIfAborted()
      const { text, finishReason, usage, isEnd } = call.read(chunk)
      if (text) {
        hasText = true
        yield text
      }
      if (finishReason) summary.finishReason = finishReason
      if (usage) summary.usage = usage
      if (isEnd) isEnded = true
    }
    // Some SDKs end silently at an abort, as if the answer were complete.
    call.signal.throwIfAborted()
    if (!summary.finishReason && !(isEnded && hasText)) throw new VendorFailed(NO_END_MARKER)
    isComplete = true
    return summary
  } catch (error) {
    call.signal.throwIfAborted()
    throw providerErrorOf(call.provider, explain(error, call), [apiKey])
  } finally {
    call.signal.removeEventListener('abort', stop)
    // Not after a complete answer: its connection may be used again.
    if (!isComplete) upstream.abort()
  }
}

const NO_END_MARKER = { code: 'provider-malformed', what: 'ended without its end marker' } as const

function explain<Chunk>(error: unknown, call: VendorCall<Chunk>): VendorFailure {
  if (error instanceof VendorFailed) return error.failure
  return call.explain ? call.explain(error) : failureOfTransport(error)
}

function usableKey({ apiKey, provider }: Pick<VendorCall<unknown>, 'apiKey' | 'provider'>): string {
  const key = apiKey()?.trim()
  if (!key) throw new ProviderError(`${provider} has no API key`, { code: 'provider-auth' })
  // Headers refuse such a key with an error that quotes it.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ProviderError(`${provider} has an API key with characters that no header can carry`, {
      code: 'provider-auth',
    })
  }
  return key
}
