import type { FinishReason, TokenUsage } from '@promptlab/contract'
import { AnswerOrder, type VendorPiece } from './answer-order.ts'
import type { EagerIterator } from './eager-iterator.ts'
import type { Completion, CompletionPiece, CompletionSummary } from './llm-provider.ts'
import { ProviderError } from './provider-error.ts'
import { usableKey } from './usable-key.ts'
import type { ChunkReading, VendorCall } from './vendor-call.ts'
import { failureOfTransport, providerErrorOf, VendorFailed, type VendorFailure } from './vendor-failure.ts'

/**
 * Keeps the promises of `LLMProvider.complete` for a vendor behind HTTP: order of the pieces, abort, leaving early, end
 * marker, and errors without secrets. Nothing is sent before the first `next()`.
 *
 * A finish reason completes the answer, whatever the connection does after it. The usage that follows it is waited for,
 * one second at most.
 * @throws ProviderError from `next()`, or `call.signal.reason` on abort
 */
export function streamFromVendor<Chunk>(call: VendorCall<Chunk>): Completion {
  return new VendorStream(call)
}

/** How long the end of the stream is waited for behind the end marker, without content in between. */
const END_MS = 1000
/** One object for all: it has no content. */
const ALIVE: CompletionPiece = Object.freeze({ type: 'alive' })

type Next = IteratorResult<CompletionPiece, CompletionSummary | undefined>

/**
 * A hand-written async generator: a native one costs three promises a token
 * (docs/decisions/2026-11-25-cost-of-a-job.md).
 */
class VendorStream<Chunk> implements Completion {
  readonly #call: VendorCall<Chunk>
  /** Each call has its own signal, because SDKs add listeners that they never remove, and some end only at an abort. */
  readonly #upstream = new AbortController()
  readonly #stop = () => this.#upstream.abort(this.#call.signal.reason)
  readonly #summary: { usage?: TokenUsage; finishReason?: FinishReason; costUsd?: number } = {}
  readonly #order = new AnswerOrder()
  /** Pieces that were read and not asked for yet. */
  readonly #ready: CompletionPiece[] = []
  /** What comes behind the pieces that are ready: a failure, or the end. */
  #failure: VendorFailure | undefined
  /** An error that `nextReady` met, and `next` is to throw. */
  #error: { readonly cause: unknown } | undefined
  #isRead = false
  #apiKey = ''
  #chunks: EagerIterator<Chunk> | undefined
  #hasText = false
  #hasRefusal = false
  #hasEndMarker = false
  /** How long the end of the stream was waited for, in milliseconds. */
  #waitedMs = 0
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

  nextReady(): CompletionPiece | undefined {
    if (this.#asked > 0 || this.#isOver || this.#call.signal.aborted) return undefined
    let piece = this.#ready.shift()
    try {
      while (piece === undefined && !this.#failure && !this.#isRead && !this.#isEnding) {
        const chunk = this.#chunks?.nextReady?.()
        if (chunk === undefined) return undefined
        piece = this.#take(chunk)
      }
    } catch (cause) {
      this.#error = { cause }
    }
    return piece
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
    try {
      if (this.#isOver) return { done: true, value: undefined }
      this.#chunks ??= await this.#open()
      for (;;) {
        const ready = this.#nextTaken()
        if (ready) return ready
        const { done, value } = await (this.#isEnding ? this.#nextBehindEnd(this.#chunks) : this.#chunks.next())
        // Some SDKs end the stream at an abort as if the answer were complete.
        this.#call.signal.throwIfAborted()
        const piece = done ? this.#end() : this.#take(value)
        if (piece !== undefined) return { done: false, value: piece }
      }
    } catch (error) {
      throw await this.#fail(error)
    } finally {
      this.#asked--
    }
  }

  /** What was read already. Undefined if there is nothing. */
  #nextTaken(): Next | undefined {
    if (this.#error) throw this.#error.cause
    const piece = this.#ready.length > 0 ? this.#ready.shift() : undefined
    if (piece !== undefined) {
      this.#call.signal.throwIfAborted()
      return { done: false, value: piece }
    }
    if (this.#failure) throw new VendorFailed(this.#failure)
    return this.#isRead ? { done: true, value: this.#complete() } : undefined
  }

  /** Closes the stream, and says what its consumer is told of the error. */
  async #fail(error: unknown): Promise<unknown> {
    const { provider, signal, secrets = [] } = this.#call
    await this.#close()
    if (signal.aborted) return signal.reason
    return error instanceof ProviderError
      ? error
      : providerErrorOf(provider, await explain(error, this.#call), [this.#apiKey, ...secrets])
  }

  async #open(): Promise<EagerIterator<Chunk>> {
    const { signal } = this.#call
    signal.throwIfAborted()
    this.#apiKey = usableKey(this.#call.provider, this.#call.apiKey)
    signal.addEventListener('abort', this.#stop, { once: true })
    const chunks = await this.#call.open(this.#apiKey, this.#upstream.signal)
    return chunks[Symbol.asyncIterator]()
  }

  /** The piece of a chunk that comes first. The others are made ready. Undefined if there is nothing to say. */
  #take(chunk: Chunk): CompletionPiece | undefined {
    const reading = this.#isEnding ? this.#readBehindEnd(chunk) : this.#call.read(chunk)
    const { text, finishReason, usage, costUsd, isEnd, runHandle } = reading
    if (finishReason) this.#summary.finishReason = finishReason
    if (usage) this.#summary.usage = usage
    if (costUsd !== undefined) this.#summary.costUsd = costUsd
    if (isEnd) this.#hasEndMarker = true
    if (runHandle !== undefined) this.#ready.push({ type: 'vendor-run', handle: runHandle })
    if (runHandle !== undefined || reading.reasoning || reading.pieces || reading.failure || this.#order.isBusy)
      return this.#takeAll(reading)
    if (text) {
      this.#hasText = true
      return text
    }
    return this.#isEnding ? undefined : ALIVE
  }

  #takeAll({ reasoning, text, pieces, failure }: ChunkReading): CompletionPiece | undefined {
    if (text) this.#hasText = true
    const first: CompletionPiece | undefined = reasoning ? { type: 'reasoning', text: reasoning } : undefined
    if (first && !text && !pieces && !failure && !this.#order.isBusy) return first
    if (first) this.#add(first)
    if (text) this.#add({ type: 'text', text })
    for (const piece of pieces ?? []) this.#add(piece)
    this.#failure = failure
    return this.#ready.shift() ?? (failure || this.#isEnding ? undefined : ALIVE)
  }

  #add(piece: VendorPiece): void {
    if (piece.type === 'tool-call-delta') {
      this.#order.add(piece, this.#ready)
      return
    }
    if (!piece.text && piece.carry === undefined) return
    if (piece.type === 'text' && piece.text) this.#hasText = true
    if (piece.type === 'refusal') this.#hasRefusal = true
    this.#order.add(piece, this.#ready)
  }

  get #isEnding(): boolean {
    return this.#hasEndMarker || this.#summary.finishReason !== undefined
  }

  /**
   * The next chunk behind the end marker. The answer is whole then, so a connection that breaks, and a second without
   * the end of the stream, end it too.
   */
  async #nextBehindEnd(chunks: EagerIterator<Chunk>): Promise<IteratorResult<Chunk, undefined>> {
    const { promise: silence, resolve } = Promise.withResolvers<undefined>()
    const startedAt = performance.now()
    const timer = setTimeout(resolve, END_MS - this.#waitedMs, undefined)
    const next = await Promise.race([chunks.next(), silence]).catch(() => undefined)
    clearTimeout(timer)
    this.#waitedMs += performance.now() - startedAt
    if (!next) this.#upstream.abort()
    return next && !next.done ? next : { done: true, value: undefined }
  }

  /** Nothing that is read behind the end marker makes the answer a failure. */
  #readBehindEnd(chunk: Chunk): ChunkReading {
    try {
      const { failure, ...reading } = this.#call.read(chunk)
      if (reading.text || reading.reasoning || reading.pieces) this.#waitedMs = 0
      return failure ? {} : reading
    } catch {
      return {}
    }
  }

  /** The stream has ended: makes ready what was held back. */
  #end(): undefined {
    const { finishReason } = this.#summary
    const hasContent = this.#hasText || this.#hasRefusal || this.#order.hasCalls
    if (!finishReason && !(this.#hasEndMarker && hasContent)) throw new VendorFailed(NO_END_MARKER)
    this.#order.end(finishReason !== 'stop' && finishReason !== 'tool-calls', this.#ready)
    if (!finishReason && this.#order.isBusy) throw new VendorFailed(NO_END_MARKER)
    this.#isRead = true
  }

  #complete(): CompletionSummary {
    this.#isOver = true
    this.#call.signal.removeEventListener('abort', this.#stop)
    if (this.#summary.finishReason === 'stop') {
      // Not every vendor has reasons of their own for these.
      if (this.#order.hasCalls) this.#summary.finishReason = 'tool-calls'
      else if (this.#hasRefusal) this.#summary.finishReason = 'refusal'
    }
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
