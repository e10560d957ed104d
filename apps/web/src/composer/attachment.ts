import type { ContentPart, FileType, ImageType } from '@promptlab/client'
import { isObject } from './schema-fault.ts'

/** An image, a file or a text that goes with the prompt. The content of the first three is kept apart, by `contentOf`. */
export type Attachment =
  | {
      readonly id: string
      readonly type: 'image'
      readonly name: string
      readonly mediaType: ImageType
      readonly bytes: number
      readonly note?: string
    }
  | {
      readonly id: string
      readonly type: 'file'
      readonly name: string
      readonly mediaType: FileType
      readonly bytes: number
    }
  /** A text file, sent as text. */
  | { readonly id: string; readonly type: 'text'; readonly name: string; readonly bytes: number }
  | { readonly id: string; readonly type: 'image-url'; readonly url: string }

/** The types of images that a request may have. */
export const IMAGE_TYPES: readonly ImageType[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
/** The types of files that a request may have. */
export const FILE_TYPES: readonly FileType[] = [
  'application/pdf',
  'text/plain',
  'text/markdown',
  'text/csv',
  'application/json',
]

/** The most code units of a content that the tab's storage keeps over a reload. All of a tab share about 5 million. */
const MAX_STORED_LENGTH = 1_000_000
const STORED = 'promptlab.attachment.'

/** The contents by their attachments, so that a draft stays small and an attachment that is gone takes its content with it. */
const contents = new WeakMap<Attachment, string>()

/** Base64 of an image or a file, or the text; undefined for the address of an image. */
export function contentOf(attachment: Attachment): string | undefined {
  return contents.get(attachment)
}

/** Keeps the content of an attachment: in memory, and, if it is small, over a reload of the tab. */
export function keepContent(attachment: Attachment, content: string): Attachment {
  contents.set(attachment, content)
  if (content.length <= MAX_STORED_LENGTH) {
    try {
      sessionStorage.setItem(STORED + attachment.id, content)
    } catch {
      // The storage of the tab is full. The attachment is lost at a reload, and nothing else.
    }
  }
  return attachment
}

/** Removes from the tab's storage what belongs to none of these attachments. */
export function forgetOthers(attachments: readonly Attachment[]): void {
  const kept = new Set(attachments.map(({ id }) => STORED + id))
  const names = Array.from({ length: sessionStorage.length }, (_, index) => sessionStorage.key(index) ?? '')
  for (const name of names) if (name.startsWith(STORED) && !kept.has(name)) sessionStorage.removeItem(name)
}

/** The attachments in a stored value. One that was too large to be kept over a reload has no content any more. */
export function readAttachments(stored: unknown): Attachment[] {
  return (Array.isArray(stored) ? stored : []).flatMap((each: unknown): Attachment[] => {
    const attachment = readAttachment(each)
    if (!attachment) return []
    const content = sessionStorage.getItem(STORED + attachment.id)
    if (content !== null) contents.set(attachment, content)
    return [attachment]
  })
}

/** The attachment as a part of a message; undefined if its content is gone. */
export function partOf(attachment: Attachment): Extract<ContentPart, { type: 'text' | 'image' | 'file' }> | undefined {
  if (attachment.type === 'image-url') return { type: 'image', url: attachment.url }
  const content = contentOf(attachment)
  if (content === undefined) return undefined
  switch (attachment.type) {
    case 'text':
      return { type: 'text', text: `${attachment.name}:\n\n${content}` }
    case 'image':
      return { type: 'image', mediaType: attachment.mediaType, data: content }
    case 'file':
      return { type: 'file', mediaType: attachment.mediaType, data: content, name: attachment.name }
  }
}

function readAttachment(stored: unknown): Attachment | undefined {
  if (!isObject(stored)) return undefined
  const { id, type, name, mediaType, bytes, url, note } = stored
  if (typeof id !== 'string') return undefined
  if (type === 'image-url') return typeof url === 'string' ? { id, type, url } : undefined
  if (typeof name !== 'string' || typeof bytes !== 'number') return undefined
  const imageType = IMAGE_TYPES.find((each) => each === mediaType)
  const fileType = FILE_TYPES.find((each) => each === mediaType)
  if (type === 'text') return { id, type, name, bytes }
  if (type === 'image' && imageType) {
    return { id, type, name, bytes, mediaType: imageType, ...(typeof note === 'string' && { note }) }
  }
  return type === 'file' && fileType ? { id, type, name, bytes, mediaType: fileType } : undefined
}
