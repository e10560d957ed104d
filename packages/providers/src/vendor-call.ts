import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { VendorPiece } from './answer-order.ts'
import type { EagerIterator } from './eager-iterator.ts'
import type { JsonValue } from './message.ts'
import type { VendorFailure } from './vendor-failure.ts'

/** The meaning of one chunk of a vendor's stream. Every field may be absent. */
export interface ChunkReading {
  /** Comes before `text`, if a chunk has both. */
  readonly reasoning?: string | undefined
  readonly text?: string | undefined
  /** Pieces of any other kind, or in another order. They come behind `reasoning` and `text`. */
  readonly pieces?: readonly VendorPiece[] | undefined
  /** The vendor failed. The pieces of this chunk still belong to the answer. */
  readonly failure?: VendorFailure | undefined
  /** It is the end marker too: a stream that ends without an end marker is a failure. */
  readonly finishReason?: FinishReason | undefined
  /** Usage of the whole call so far. The last one that the vendor sends counts. */
  readonly usage?: TokenUsage | undefined
  /** What the vendor charges for the whole call so far, in US dollars. */
  readonly costUsd?: number | undefined
  /** By which the vendor's run can be joined again. It comes before everything else of the chunk. */
  readonly runHandle?: JsonValue | undefined
  /**
   * The vendor says that the answer is complete. If there was any content but reasoning, this is an end marker for
   * vendors that send no reason.
   */
  readonly isEnd?: boolean | undefined
}

/** One call to a vendor, as far as vendors differ. */
export interface VendorCall<Chunk> {
  /** The provider's name, for error messages. */
  readonly provider: string
  /** Called once, at the first `next()`. Left out: the vendor needs no key, and `open` gets an empty text. */
  readonly apiKey?: (() => string | undefined) | undefined
  /** Further values that must not be in an error. */
  readonly secrets?: readonly string[]
  /** The consumer's signal. */
  readonly signal: AbortSignal
  /**
   * Sends the request and waits for the headers.
   * @param signal aborts when the consumer aborts or leaves, and when the stream fails
   */
  open(apiKey: string, signal: AbortSignal): Promise<{ [Symbol.asyncIterator](): EagerIterator<Chunk> }>
  read(chunk: Chunk): ChunkReading
  /**
   * Says what an error of the vendor's SDK means. It is not called for a `VendorFailed`, which says that itself.
   * Default: `failureOfTransport`.
   */
  explain?(error: unknown): VendorFailure | Promise<VendorFailure>
}
