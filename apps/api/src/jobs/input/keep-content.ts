import { createHash } from 'node:crypto'
import type { ContentPart, KeptPart, ShownMessage, ShownPart } from '@promptlab/contract'
import type { InputCarry } from '../door.ts'
import type { Item } from '../ports/stored-values.ts'
import type { AskedAnswerPart, AskedMessage } from './asked-job.ts'

/** A text of so many bytes or more is kept as an item, so that a conversation that is sent again stores only what is new. */
const KEPT_TEXT_BYTES = 1_024

/** Messages as records hold them, and the content that is kept outside the record. */
export interface KeptContent {
  readonly messages: ShownMessage[]
  /** What vendors want back with the messages. It is no part of them, so that no caller is shown it. */
  readonly carries: InputCarry[]
  /** Each item once. */
  readonly items: readonly Item[]
}

/** Takes carries, long texts, images and files out of messages. */
export function keepContent(messages: readonly AskedMessage[]): KeptContent {
  const items = new Map<string, Item>()
  const keep = (bytes: Buffer) => {
    const id = createHash('sha256').update(bytes).digest('hex')
    items.set(id, { id, bytes })
    return { item: id, bytes: bytes.length }
  }
  const kept = messages.map(({ role, content }): ShownMessage => ({ role, content: shownContent(content, keep) }))
  const carries = messages.flatMap((message, index) => carriesOf(message, index, keep))
  return { messages: kept, carries, items: [...items.values()] }
}

type Keep = (bytes: Buffer) => Pick<KeptPart, 'item' | 'bytes'>
type AskedPart = ContentPart | AskedAnswerPart

function carriesOf({ content }: AskedMessage, message: number, keep: Keep): InputCarry[] {
  if (typeof content === 'string') return []
  const parts: readonly AskedPart[] = content
  return parts.flatMap((asked, part) => {
    if (!('carry' in asked) || !asked.carry) return []
    const { provider, value } = asked.carry
    const text = shownText('text', JSON.stringify(value), keep)
    return { message, part, provider, json: 'item' in text ? text : text.text }
  })
}

function shownContent(content: AskedMessage['content'], keep: Keep): ShownMessage['content'] {
  if (typeof content !== 'string') return content.map((part) => shownPart(part, keep))
  const part = shownText('text', content, keep)
  return 'item' in part ? [part] : content
}

type ShownText<Type extends string> = { type: Type; text: string } | ({ type: Type } & ReturnType<Keep>)

function shownText<Type extends string>(type: Type, text: string, keep: Keep): ShownText<Type> {
  // A text that UTF-8 cannot carry, with half a surrogate pair, stays in the record, which can.
  const isKept = text.length >= KEPT_TEXT_BYTES / 3 && Buffer.byteLength(text) >= KEPT_TEXT_BYTES && text.isWellFormed()
  return isKept ? { type, ...keep(Buffer.from(text)) } : { type, text }
}

type MediaPart = Extract<ContentPart, { type: 'text' | 'image' | 'file' }>

function shownPart(part: AskedPart, keep: Keep): ShownPart {
  switch (part.type) {
    case 'reasoning':
      return shownText(part.type, part.text, keep)
    case 'refusal':
      return shownText(part.type, part.text, keep)
    case 'tool-call': {
      const { type, callId, name } = part
      const text = shownText('text', part.arguments, keep)
      return { type, callId, name, arguments: 'item' in text ? text : part.arguments }
    }
    case 'tool-result': {
      const { type, callId, content } = part
      if (typeof content !== 'string') return { type, callId, content: content.map((inner) => shownMedia(inner, keep)) }
      const text = shownText('text', content, keep)
      return { type, callId, content: 'item' in text ? [text] : content }
    }
    default:
      return shownMedia(part, keep)
  }
}

function shownMedia(part: MediaPart, keep: Keep): Extract<ShownPart, { type: 'text' | 'image' | 'file' }> {
  if (part.type === 'text') return shownText('text', part.text, keep)
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
export function lastUserText(messages: readonly AskedMessage[]): string {
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
