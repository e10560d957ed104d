import type { FinishReason, TokenUsage } from '@promptlab/contract'

/** The fields of a request, under names that are the same for every vendor. */
export interface VendorRequest {
  readonly model: string
  readonly prompt: string
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  readonly maxTokens?: number | undefined
}

/** The end of an answer. */
export interface VendorEnd {
  /** Default: `stop`. */
  readonly reason?: FinishReason
  /** Left out: the vendor reports no usage. */
  readonly usage?: TokenUsage
}

/** The reason why a vendor refuses a request or fails. */
export interface VendorRefusal {
  /** The text that the vendor sends. */
  readonly message?: string
  /** The wait that the vendor asks for, in seconds. It is sent in the vendor's own form. */
  readonly retryAfterSeconds?: number
}

/** An answer that is not a stream. */
export interface VendorAnswer {
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** The requests and streams of one vendor as they are on the wire, for a `LoopbackVendor`. */
export interface WireFormat {
  /** The path of the provider's base URL: `/v1`, or nothing. */
  readonly basePath: string
  readonly contentType: string
  /** An event that cannot be parsed. */
  readonly malformed: string
  /** @returns undefined if this vendor does not serve the path */
  readRequest(path: string, body: unknown): VendorRequest | undefined
  /** The event of one piece of text. Vendors send an empty text for a role or a keep-alive. */
  token(text: string): string
  /** The events that end a complete answer. */
  end(end: Required<Pick<VendorEnd, 'reason'>> & VendorEnd): string
  /** The answer to a request that the vendor refuses. */
  refusal(refusal: VendorRefusal, status: number): VendorAnswer
  /** A failure that the vendor reports inside a stream. */
  failure(message: string): string
}
