import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { Message } from '../message.ts'

/** The fields of a request, under names that are the same for every vendor. */
export interface VendorRequest {
  readonly model: string
  /** The last text of the user. */
  readonly prompt: string
  /**
   * The whole conversation, as far as the vendor's format can say it. Left out if it is only a prompt, with or without a
   * system text.
   */
  readonly messages?: readonly Message[] | undefined
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  readonly maxTokens?: number | undefined
}

/** A stretch of a tool call in an answer. */
export interface VendorToolCall {
  /** Which call of the answer it is, from 0. */
  readonly index: number
  /** Only with the first stretch. */
  readonly callId?: string
  /** Only with the first stretch. */
  readonly name?: string
  readonly arguments: string
}

/** A part of an answer with what the vendor wants back in the next turn. */
export interface VendorCarry {
  readonly type: 'text' | 'reasoning'
  readonly text: string
  readonly carry: string
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
  /** The path of the list of models. Left out: it is not served. */
  readonly modelsPath?: string
  /** An event that cannot be parsed. */
  readonly malformed: string
  /** @returns undefined if this vendor does not serve the path */
  readRequest(path: string, body: unknown): VendorRequest | undefined
  /** The event of one piece of text. Vendors send an empty text for a role or a keep-alive. */
  token(text: string): string
  /** The event of a piece of reasoning. Left out: this vendor has none. */
  reasoning?(text: string): string
  /** The event of a piece of a refusal. Left out: this vendor has no field for it. */
  refusalText?(text: string): string
  /** The event of tool calls, or of stretches of them. Left out: this vendor calls no tools. */
  toolCalls?(calls: readonly VendorToolCall[]): string
  /** The event of a part that has a carry. Left out: this vendor wants nothing back. */
  carried?(part: VendorCarry): string
  /** What the vendor sends to keep the connection alive. Left out: nothing. */
  readonly ping?: string
  /** The events that end a complete answer. */
  end(end: Required<Pick<VendorEnd, 'reason'>> & VendorEnd): string
  /** The answer to a request that the vendor refuses. */
  refusal(refusal: VendorRefusal, status: number): VendorAnswer
  /** A failure that the vendor reports inside a stream. */
  failure(message: string): string
}
