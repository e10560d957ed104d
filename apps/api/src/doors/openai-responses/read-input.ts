import type { Fault } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { clip } from '../../http/clip.ts'
import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import { decodeCarry } from '../encoded-carry.ts'
import { ConversationBuilder } from './conversation-builder.ts'
import type { Earlier } from './earlier.ts'
import { earlierMessage, earlierPart, isEmptyAnswer } from './earlier-item.ts'
import type { InputItem, InputMessage, InputPart } from './input-item.ts'
import { fieldOf, isFault, readPart, type UserPart } from './input-media.ts'
import type { MessageOrigin, PartOrigin } from './part-origin.ts'

/** The messages that an input asks, and where each comes from. */
interface ReadInput {
  readonly messages: AskedMessage[]
  readonly origins: readonly MessageOrigin[]
  readonly faults: readonly Fault[]
}

/**
 * @param items with lookups of items of earlier responses
 * @throws ApiError `item-not-found`
 */
export async function readInput(items: readonly InputItem[], earlier: Earlier): Promise<ReadInput> {
  const reader = new InputReader(earlier)
  for (const [index, item] of items.entries()) await reader.read(item, `input[${index}]`)
  const { messages, origins } = reader.built
  return { messages: await earlier.resolve(messages), origins, faults: reader.faults }
}

class InputReader {
  readonly built = new ConversationBuilder()
  readonly faults: Fault[] = []
  readonly #earlier: Earlier

  constructor(earlier: Earlier) {
    this.#earlier = earlier
  }

  async read(item: InputItem, at: string): Promise<void> {
    switch (item.type) {
      case 'message':
        return await this.#message(item, at)
      case 'function_call': {
        const { call_id: callId, name, arguments: text } = item
        return this.built.addAnswer({ type: 'tool-call', callId, name, arguments: text }, { at, fieldOf: callField })
      }
      case 'function_call_output':
        return this.#result(item, at)
      case 'reasoning':
        return await this.#reasoning(item, at)
      case 'item_reference':
        return await this.#reference(item.id, at)
    }
  }

  async #message(item: InputMessage, at: string): Promise<void> {
    if (item.role === 'assistant') return await this.#answer(item, `${at}.content`)
    const role = item.role === 'user' ? item.role : 'system'
    if (typeof item.content === 'string') {
      return this.built.add({ role, content: item.content }, { at: `${at}.content`, parts: [] })
    }
    const { parts, origins } = this.#userParts(item.content, `${at}.content`)
    // Nothing but text passes the schema of a message of the system.
    const message: AskedMessage = role === 'user' ? { role, content: parts } : { role, content: parts.filter(isText) }
    this.built.add(message, { at: `${at}.content`, parts: origins })
  }

  async #answer({ id, content = [] }: Extract<InputMessage, { role: 'assistant' }>, at: string): Promise<void> {
    const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content.map(answerPart)
    const [only] = parts
    // The stored part has what its vendor wants back. It is taken only if the client has not changed the text.
    const stored = id !== undefined && parts.length === 1 ? await earlierPart(id, this.#earlier) : undefined
    if (stored && only && isSame(stored, only)) return this.built.addAnswer(stored, { at })
    for (const [index, part] of parts.entries()) {
      if (part.text === '') continue
      const fieldOf = () => (part.type === 'refusal' ? '.refusal' : '.text')
      this.built.addAnswer(part, typeof content === 'string' ? { at } : { at: `${at}[${index}]`, fieldOf })
    }
  }

  #result({ call_id: callId, output = '' }: Extract<InputItem, { type: 'function_call_output' }>, at: string): void {
    const origin = { at, fieldOf: resultField }
    if (typeof output === 'string') {
      this.built.addResult({ type: 'tool-result', callId, content: output }, origin)
      return
    }
    const { parts, origins } = this.#userParts(output, `${at}.output`)
    this.built.addResult({ type: 'tool-result', callId, content: parts }, { ...origin, inner: origins })
  }

  async #reasoning(item: Extract<InputItem, { type: 'reasoning' }>, at: string): Promise<void> {
    const text = (item.summary ?? item.content ?? []).map((part) => part.text).join('\n\n')
    const carry = item.encrypted_content === undefined ? undefined : decodeCarry(item.encrypted_content)
    const stored = carry || item.id === undefined ? undefined : await earlierPart(item.id, this.#earlier)
    const part = stored?.type === 'reasoning' ? stored : ({ type: 'reasoning', text, ...(carry && { carry }) } as const)
    if (part.text !== '' || part.carry) this.built.addAnswer(part, { at })
  }

  async #reference(id: string, at: string): Promise<void> {
    const part = await earlierPart(id, this.#earlier)
    if (part) return this.built.addAnswer(part, { at })
    const message = await earlierMessage(id, this.#earlier)
    if (!message) {
      if (await isEmptyAnswer(id, this.#earlier)) return
      throw unknownItem(id)
    }
    if (message.role !== 'assistant') return this.built.add(message, { at, parts: [] })
    const { content } = message
    const parts: AskedAnswerPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    for (const each of parts) this.built.addAnswer(each, { at })
  }

  #userParts(sent: readonly InputPart[], at: string): { parts: UserPart[]; origins: PartOrigin[] } {
    const parts: UserPart[] = []
    const origins: PartOrigin[] = []
    for (const [index, part] of sent.entries()) {
      const place = `${at}[${index}]`
      const read = readPart(part)
      if (isFault(read)) this.faults.push({ ...read, path: `${place}.${read.path}` })
      else {
        parts.push(read)
        origins.push({ at: place, fieldOf: (field) => `.${fieldOf(part, field)}` })
      }
    }
    return { parts, origins }
  }
}

function isText(part: UserPart): part is Extract<UserPart, { type: 'text' }> {
  return part.type === 'text'
}

type AnswerContent = Exclude<Extract<InputMessage, { role: 'assistant' }>['content'], string | undefined>[number]
type TextPart = Extract<AskedAnswerPart, { type: 'text' | 'refusal' }>

function answerPart(part: AnswerContent): TextPart {
  return part.type === 'refusal' ? { type: 'refusal', text: part.refusal } : { type: 'text', text: part.text }
}

function isSame(stored: AskedAnswerPart, { type, text }: TextPart): boolean {
  return stored.type !== 'tool-call' && stored.type === type && stored.text === text
}

function callField(field: string): string {
  return field === 'callId' ? '.call_id' : `.${field}`
}

function resultField(field: string): string {
  return field === 'callId' ? '.call_id' : '.output'
}

function unknownItem(id: string): ApiError {
  const message = `Item with id '${clip(id)}' not found.`
  return new ApiError('item-not-found', message, { faults: [{ path: 'input', message }] })
}
