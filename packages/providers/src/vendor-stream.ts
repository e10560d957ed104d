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
 * Nothing is sent before the first `next()`, which throws ProviderError, or `call.signal.reason` on abort.
 */
export function streamFromVendor<Chunk>(
  call: VendorCall<Chunk>,
): AsyncGenerator<string, CompletionSummary | undefined, undefined> {
  return new VendorStream(call)
}

type Next = IteratorResult<string, CompletionSummary | undefined>

/** An async generator that is written out: one of the language's own costs a token more promises and turns than all else here. */
class VendorStream<Chunk> implements AsyncGenerator<string, CompletionSummary | undefined, undefined> {
  readonly #call: VendorCall<Chunk>
  /** A signal of our own for each call: SDKs add listeners and never take them off, and some only stop at an abort. */
  readonly #upstream = new AbortController()
  readonly #stop = () => this.#upstream.abort(this.#call.signal.reason)
  readonly #summary: { usage?: TokenUsage; finishReason?: FinishReason } = {}
  #apiKey = ''
  #chunks: AsyncIterator<Chunk> | undefined
  #hasText = false
  #hasEndMarker = false
  #isOver = false
  /** How much was asked for and is not answered: it is answered in order, as by any generator. */
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
        // Some SDKs end silently at an abort, as if the answer were complete.
        signal.throwIfAborted()
        if (done) return { done, value: this.#complete() }
        const text = this.#take(value)
        if (text) return { done: false, value: text }
      }
    } catch (error) {
      await this.#close()
      signal.throwIfAborted()
      if (error instanceof ProviderError) throw error
      throw providerErrorOf(this.#call.provider, explain(error, this.#call), [this.#apiKey])
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

  /** Hangs up, unless the answer is complete: its connection may be used again. */
  async #close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#call.signal.removeEventListener('abort', this.#stop)
    this.#upstream.abort()
    // It has nothing to say that is not known.
    await this.#chunks?.return?.().catch(() => {})
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
