import { createHash } from 'node:crypto'
import type { ContentPart, KeptPart, Message, ShownMessage, ShownPart } from '@promptlab/contract'
import type { Item } from '../ports/job-repository.ts'

/** A text of so many bytes or more is kept as an item, so that a conversation that is sent again stores only what is new. */
const KEPT_TEXT_BYTES = 1_024

/** Messages as records hold them, and the content that is kept outside the record. */
export interface KeptContent {
  readonly messages: ShownMessage[]
  /** Each item once. */
  readonly items: readonly Item[]
}

/** Takes long texts, images and files out of messages. */
export function keepContent(messages: readonly Message[]): KeptContent {
  const items = new Map<string, Item>()
  const keep = (bytes: Buffer) => {
    const id = createHash('sha256').update(bytes).digest('hex')
    items.set(id, { id, bytes })
    return { item: id, bytes: bytes.length }
  }
  const kept = messages.map(({ role, content }): ShownMessage => ({ role, content: shownContent(content, keep) }))
  return { messages: kept, items: [...items.values()] }
}

type Keep = (bytes: Buffer) => Pick<KeptPart, 'item' | 'bytes'>

function shownContent(content: Message['content'], keep: Keep): ShownMessage['content'] {
  if (typeof content !== 'string') return content.map((part) => shownPart(part, keep))
  const part = shownText(content, keep)
  return 'item' in part ? [part] : content
}

function shownText(text: string, keep: Keep): Extract<ShownPart, { type: 'text' }> {
  // A text that UTF-8 cannot carry, with half a surrogate pair, stays in the record, which can.
  const isKept = text.length >= KEPT_TEXT_BYTES / 3 && Buffer.byteLength(text) >= KEPT_TEXT_BYTES && text.isWellFormed()
  return isKept ? { type: 'text', ...keep(Buffer.from(text)) } : { type: 'text', text }
}

type MediaPart = Extract<ContentPart, { type: 'text' | 'image' | 'file' }>

function shownPart(part: ContentPart, keep: Keep): ShownPart {
  switch (part.type) {
    case 'tool-call': {
      const text = shownText(part.arguments, keep)
      return { ...part, arguments: 'item' in text ? text : part.arguments }
    }
    case 'tool-result': {
      const { type, callId, content } = part
      if (typeof content !== 'string') return { type, callId, content: content.map((inner) => shownMedia(inner, keep)) }
      const text = shownText(content, keep)
      return { type, callId, content: 'item' in text ? [text] : content }
    }
    default:
      return shownMedia(part, keep)
  }
}

function shownMedia(part: MediaPart, keep: Keep): Extract<ShownPart, { type: 'text' | 'image' | 'file' }> {
  if (part.type === 'text') return shownText(part.text, keep)
  const { mediaType, data, url } = part
  const source =
    url === undefined
      ? // The schema lets no data through without its type.
        { mediaType: mediaType ?? '', ...keep(Buffer.from(data ?? '', 'base64')) }
      : { ...(mediaType && { mediaType }), url }
  if (part.type === 'image') return { type: part.type, ...source }
  return { type: part.type, ...(part.name !== undefined && { name: part.name }), ...source }
}

/** The text of the last message of the user that has some. */
export function lastUserText(messages: readonly Message[]): string {
  for (const { role, content } of messages.toReversed()) {
    if (role !== 'user') continue
    const text =
      typeof content === 'string'
        ? content
        : content.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n')
    if (text !== '') return text
  }
  return ''
}
