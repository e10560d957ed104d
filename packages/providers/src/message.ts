/** A value of JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue }

/** A text. Its `carry` is what this vendor gave with it in an earlier answer and wants back. */
interface TextPart {
  readonly type: 'text'
  readonly text: string
  readonly carry?: JsonValue
}

/** Reasoning of an earlier answer, perhaps empty. Only parts with a `carry` come from this vendor. */
interface ReasoningPart {
  readonly type: 'reasoning'
  readonly text: string
  readonly carry?: JsonValue
}

interface RefusalPart {
  readonly type: 'refusal'
  readonly text: string
}

/** Bytes in base64, or the address where the vendor finds them. */
type MediaSource =
  | { readonly mediaType: string; readonly data: string; readonly url?: undefined }
  | { readonly mediaType?: string | undefined; readonly url: string; readonly data?: undefined }

export type ImagePart = { readonly type: 'image' } & MediaSource
export type FilePart = { readonly type: 'file'; readonly name?: string | undefined } & MediaSource

interface ToolCallPart {
  readonly type: 'tool-call'
  readonly callId: string
  readonly name: string
  /** JSON text, as the model sent it. */
  readonly arguments: string
  readonly carry?: JsonValue
}

export interface ToolResultPart {
  readonly type: 'tool-result'
  readonly callId: string
  readonly content: readonly UserPart[]
}

export type SystemPart = Pick<TextPart, 'type' | 'text'>
export type UserPart = Pick<TextPart, 'type' | 'text'> | ImagePart | FilePart
export type AssistantPart = TextPart | ReasoningPart | RefusalPart | ToolCallPart

/** A message of a conversation, as providers get it. The content is never empty. */
export type Message =
  | { readonly role: 'system'; readonly content: readonly SystemPart[] }
  | { readonly role: 'user'; readonly content: readonly UserPart[] }
  | { readonly role: 'assistant'; readonly content: readonly AssistantPart[] }
  | { readonly role: 'tool'; readonly content: readonly ToolResultPart[] }
