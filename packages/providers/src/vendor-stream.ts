import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { CompletionSummary } from './llm-provider.ts'
import { ProviderError } from './provider-error.ts'
import { failureOfTransport, providerErrorOf, VendorFailed, type VendorFailure } from './vendor-failure.ts'

/** The meaning of one chunk of a vendor's stream. Every field may be absent. */
export interface ChunkReading {
  readonly text?: string | undefined
  /** It is the end marker too: a stream that ends without an end marker is a failure. */
  readonly finishReason?: FinishReason | undefined
  /** Usage of the whole call so far. The last one that the vendor sends counts. */
  readonly usage?: TokenUsage | undefined
  /**
   * The vendor says that the answer is complete. If there was any text, this is an end marker for vendors that send no
   * reason.
   */
  readonly isEnd?: boolean | undefined
}

/** One call to a vendor, as far as vendors differ. */
export interface VendorCall<Chunk> {
  /** The provider's name, for error messages. */
  readonly provider: string
  /** Called once, at the first `next()`. Left out: the vendor needs no key, and `open` gets an empty text. */
  readonly apiKey?: () => string | undefined
  /** The consumer's signal. */
  readonly signal: AbortSignal
  /**
   * Sends the request and waits for the headers.
   * @param signal aborts when the consumer aborts or leaves, and when the stream fails
   */
  open(apiKey: string, signal: AbortSignal): Promise<AsyncIterable<Chunk>>
  read(chunk: Chunk): ChunkReading
  /**
   * Says what an error of the vendor's SDK means. It is not called for a `VendorFailed`, which says that itself.
   * Default: `failureOfTransport`.
   */
  explain?(error: unknown): VendorFailure | Promise<VendorFailure>
}

/**
 * Keeps the promises of `LLMProvider.complete` for a vendor behind HTTP: abort, leaving early, end marker, and errors
 * without secrets. Nothing is sent before the first `next()`.
 * @throws ProviderError from `next()`, or `call.signal.reason` on abort
 */
export function streamFromVendor<Chunk>(
  call: VendorCall<Chunk>,
): AsyncGenerator<string, CompletionSummary | undefined, undefined> {
  return new VendorStream(call)
}

type Next = IteratorResult<string, CompletionSummary | undefined>

/**
 * A hand-written async generator: a native one costs three promises a token
 * (docs/decisions/2026-11-25-cost-of-a-job.md).
 */
class VendorStream<Chunk> implements AsyncGenerator<string, CompletionSummary | undefined, undefined> {
  readonly #call: VendorCall<Chunk>
  /** Each call has its own signal, because SDKs add listeners that they never remove, and some end only at an abort. */
  readonly #upstream = new AbortController()
  readonly #stop = () => this.#upstream.abort(this.#call.signal.reason)
  readonly #summary: { usage?: TokenUsage; finishReason?: FinishReason } = {}
  #apiKey = ''
  #chunks: AsyncIterator<Chunk> | undefined
  #hasText = false
  #hasEndMarker = false
  #isOver = false
  /**
   * How many calls of `next`, `return` and `throw` are not answered yet. They are answered in order, as by any
   * generator.
   */
  #asked = 0
  #last: Promise<Next> = Promise.resolve({ done: true, value: undefined })

  constructor(call: VendorCall<Chunk>) {
    this.#call = call
  }

  next(): Promise<Next> {
    return this.#inTurn(this.#pull)
  }

  return(value?: CompletionSummary | PromiseLike<CompletionSummary | undefined>): Promise<Next> {
    return this.#inTurn(async () => {
      await this.#close()
      this.#asked--
      return { done: true, value: await value }
    })
  }

  throw(error: unknown): Promise<Next> {
    return this.#inTurn(async () => {
      await this.#close()
      this.#asked--
      throw error
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #inTurn(answer: () => Promise<Next>): Promise<Next> {
    this.#last = this.#asked++ === 0 ? answer() : this.#last.then(answer, answer)
    return this.#last
  }

  readonly #pull = async (): Promise<Next> => {
    const { signal } = this.#call
    try {
      if (this.#isOver) return { done: true, value: undefined }
      this.#chunks ??= await this.#open()
      for (;;) {
        const { done, value } = await this.#chunks.next()
        // Some SDKs end the stream at an abort as if the answer were complete.
        signal.throwIfAborted()
        if (done) return { done, value: this.#complete() }
        const text = this.#take(value)
        if (text) return { done: false, value: text }
      }
    } catch (error) {
      await this.#close()
      signal.throwIfAborted()
      if (error instanceof ProviderError) throw error
      throw providerErrorOf(this.#call.provider, await explain(error, this.#call), [this.#apiKey])
    } finally {
      this.#asked--
    }
  }

  async #open(): Promise<AsyncIterator<Chunk>> {
    const { signal } = this.#call
    signal.throwIfAborted()
    this.#apiKey = usableKey(this.#call)
    signal.addEventListener('abort', this.#stop, { once: true })
    const chunks = await this.#call.open(this.#apiKey, this.#upstream.signal)
    return chunks[Symbol.asyncIterator]()
  }

  #take(chunk: Chunk): string | undefined {
    const { text, finishReason, usage, isEnd } = this.#call.read(chunk)
    if (text) this.#hasText = true
    if (finishReason) this.#summary.finishReason = finishReason
    if (usage) this.#summary.usage = usage
    if (isEnd) this.#hasEndMarker = true
    return text
  }

  #complete(): CompletionSummary {
    if (!this.#summary.finishReason && !(this.#hasEndMarker && this.#hasText)) throw new VendorFailed(NO_END_MARKER)
    this.#isOver = true
    this.#call.signal.removeEventListener('abort', this.#stop)
    return this.#summary
  }

  /** Closes the connection, unless the answer is complete: then the connection may serve another request. */
  async #close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#call.signal.removeEventListener('abort', this.#stop)
    this.#upstream.abort()
    // An error of this call is no news: the stream has failed or was left.
    await this.#chunks?.return?.().catch(() => {})
  }
}

const NO_END_MARKER = { code: 'provider-malformed', what: 'ended without its end marker' } as const

function explain<Chunk>(error: unknown, call: VendorCall<Chunk>): VendorFailure | Promise<VendorFailure> {
  if (error instanceof VendorFailed) return error.failure
  return call.explain ? call.explain(error) : failureOfTransport(error)
}

function usableKey({ apiKey, provider }: Pick<VendorCall<unknown>, 'apiKey' | 'provider'>): string {
  if (!apiKey) return ''
  const key = apiKey()?.trim()
  if (!key) throw new ProviderError(`${provider} has no API key`, { code: 'provider-auth' })
  // Node refuses such a key in a header with an error that quotes the key.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ProviderError(`${provider} has an API key that is not visible ASCII, so no HTTP header can carry it`, {
      code: 'provider-auth',
    })
  }
  return key
}
