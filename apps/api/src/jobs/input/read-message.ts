import type { ShownMessage, ShownPart } from '@promptlab/contract'
import type { AssistantPart, JsonValue, Message, ToolResultPart, UserPart } from '@promptlab/providers'
import { z } from 'zod'
import type { InputCarry } from '../door.ts'
import type { ItemReader } from './item-reader.ts'

/**
 * A message with all of its content, as providers get it, but without what vendors want back, which `readCarry` reads. The
 * parts have the indexes that they have in the record.
 * @throws ItemGoneError the store lost an item
 */
export async function readMessage({ role, content }: ShownMessage, items: ItemReader): Promise<Message> {
  const parts: ShownPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  switch (role) {
    case 'system':
      return { role, content: await eachOf(parts, (part) => textPart(part, items)) }
    case 'user':
      return { role, content: await eachOf(parts, (part) => userPart(part, items)) }
    case 'assistant':
      return { role, content: await eachOf(parts, (part) => assistantPart(part, items)) }
    case 'tool':
      return { role, content: await eachOf(parts, (part) => toolResult(part, items)) }
  }
}

/** What the vendor of a provider gave with a part and wants back. @throws ItemGoneError the store lost an item */
export async function readCarry({ json }: InputCarry, items: ItemReader): Promise<JsonValue> {
  return z.json().parse(JSON.parse(await items.textOf(json)))
}

/** The parts in turn, not at once: each may be as long as a whole request. */
async function eachOf<Part>(
  parts: readonly ShownPart[],
  read: (part: ShownPart) => Promise<Part | undefined>,
): Promise<Part[]> {
  const all: Part[] = []
  for (const part of parts) {
    const one = await read(part)
    if (one !== undefined) all.push(one)
  }
  return all
}

async function textPart(part: ShownPart, items: ItemReader) {
  if (part.type !== 'text') return undefined
  return { type: part.type, text: 'item' in part ? await items.text(part) : part.text }
}

async function userPart(part: ShownPart, items: ItemReader): Promise<UserPart | undefined> {
  if (part.type === 'text') return await textPart(part, items)
  if (part.type !== 'image' && part.type !== 'file') return undefined
  const source = 'item' in part ? { mediaType: part.mediaType, data: await items.base64(part) } : linkOf(part)
  return part.type === 'image'
    ? { type: part.type, ...source }
    : { type: part.type, ...(part.name !== undefined && { name: part.name }), ...source }
}

function linkOf({ url, mediaType }: { readonly url: string; readonly mediaType?: string | undefined }) {
  return { url, ...(mediaType !== undefined && { mediaType }) }
}

async function assistantPart(part: ShownPart, items: ItemReader): Promise<AssistantPart | undefined> {
  switch (part.type) {
    case 'tool-call': {
      const { type, callId, name } = part
      return { type, callId, name, arguments: await items.textOf(part.arguments) }
    }
    case 'reasoning':
    case 'refusal':
      return { type: part.type, text: 'item' in part ? await items.text(part) : part.text }
    default:
      return await textPart(part, items)
  }
}

async function toolResult(part: ShownPart, items: ItemReader): Promise<ToolResultPart | undefined> {
  if (part.type !== 'tool-result') return undefined
  const { type, callId, content } = part
  const parts: ShownPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return { type, callId, content: await eachOf(parts, (inner) => userPart(inner, items)) }
}
