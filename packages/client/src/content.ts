/** The types of images that a part may have. A provider may take fewer of them. */
export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** The types of files that a part may have. A provider may take fewer of them. */
export type FileType = 'application/pdf' | 'text/plain' | 'text/markdown' | 'text/csv' | 'application/json'

/** Bytes in base64 with their type, or an https address of a public host, which the server passes on and never fetches. */
type Source<MediaType> =
  | { mediaType: MediaType; data: string; url?: undefined }
  | { mediaType?: MediaType | undefined; url: string; data?: undefined }

export interface TextPart {
  type: 'text'
  text: string
}

export type ImagePart = { type: 'image' } & Source<ImageType>

export type FilePart = {
  type: 'file'
  /** The name of the file, which some vendors show to the model. */
  name?: string | undefined
} & Source<FileType>

export interface ToolCallPart {
  type: 'tool-call'
  callId: string
  name: string
  /** The arguments as JSON text, as the model sent them. */
  arguments: string
}

export interface ToolResultPart {
  type: 'tool-result'
  /** The id of the call that this is the result of. */
  callId: string
  content: string | (TextPart | ImagePart | FilePart)[]
}

export type ContentPart = TextPart | ImagePart | FilePart | ToolCallPart | ToolResultPart

/** A message of a conversation, as a request has it. */
export type Message =
  | { role: 'system'; content: string | TextPart[] }
  | { role: 'user'; content: string | (TextPart | ImagePart | FilePart)[] }
  | { role: 'assistant'; content: string | (TextPart | ToolCallPart)[] }
  | { role: 'tool'; content: ToolResultPart[] }

/** Content that the server keeps outside the job. `GET /jobs/ID/items/ITEM` has its bytes. */
interface Kept {
  item: string
  /** The size of the item. */
  bytes: number
}

type KeptText = { type: 'text' } & Kept
type ShownContent =
  | TextPart
  | KeptText
  | ({ type: 'image'; mediaType: string } & Kept)
  | { type: 'image'; mediaType?: string | undefined; url: string }
  | ({ type: 'file'; mediaType: string; name?: string | undefined } & Kept)
  | { type: 'file'; mediaType?: string | undefined; name?: string | undefined; url: string }

/** Only in jobs that were made at a door of a foreign API, whose callers send back whole answers. */
type ShownBesideText<Type extends 'reasoning' | 'refusal'> = { type: Type; text: string } | ({ type: Type } & Kept)

export type ShownPart =
  | ShownContent
  | ShownBesideText<'reasoning'>
  | ShownBesideText<'refusal'>
  | { type: 'tool-call'; callId: string; name: string; arguments: string | KeptText }
  | { type: 'tool-result'; callId: string; content: string | ShownContent[] }

/** A message as a job shows it. Long texts, images and files are shown by their item. */
export interface ShownMessage {
  role: Message['role']
  content: string | ShownPart[]
}
