import type { FinishReason, TokenUsage } from '@promptlab/contract'

/** What a client asked for, whatever the vendor calls it. */
export interface VendorRequest {
  readonly model: string
  readonly prompt: string
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  readonly maxTokens?: number | undefined
}

/** How an answer ends. */
export interface VendorEnd {
  /** Default: `stop`. */
  readonly reason?: FinishReason
  /** Left out: the vendor reports no usage. */
  readonly usage?: TokenUsage
}

/** Why a vendor refuses or fails. */
export interface VendorRefusal {
  /** The vendor's words. */
  readonly message?: string
  /** How long to wait, said the way the vendor says it. */
  readonly retryAfterSeconds?: number
}

/** A whole answer that is not a stream. */
export interface VendorAnswer {
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** How one vendor's stream looks on the wire; everything a `LoopbackVendor` must know about it. */
export interface WireFormat {
  /** What a provider's base URL has after the host: `/v1`, or nothing. */
  readonly basePath: string
  readonly contentType: string
  /** An event that no client can parse. */
  readonly malformed: string
  /** @returns undefined when the path is none that this vendor serves */
  readRequest(path: string, body: unknown): VendorRequest | undefined
  /** The event of one fragment; an empty text is what vendors send for a role or a keep-alive. */
  token(text: string): string
  /** Everything that ends a complete answer. */
  end(end: Required<Pick<VendorEnd, 'reason'>> & VendorEnd): string
  /** The answer of a request that was refused. */
  refusal(refusal: VendorRefusal, status: number): VendorAnswer
  /** A failure reported inside a stream that began well. */
  failure(message: string): string
}
