import type { AssistantPart, Message, UserPart } from '../message.ts'
import { valueAt } from '../value-at.ts'
import { itemsAt, textAt } from './read-request.ts'

/** The messages of a request in the format of the Responses API. What it cannot say is left out. */
export function responsesMessagesOf(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', content: [{ type: 'text', text: input }] }]
  const messages: Message[] = []
  for (const item of itemsAt(input)) {
    const answer = answerPart(item)
    const last = messages.at(-1)
    if (!answer) messages.push(messageOf(item))
    // The items of one answer follow each other.
    else if (last?.role === 'assistant') messages[messages.length - 1] = { ...last, content: [...last.content, answer] }
    else messages.push({ role: 'assistant', content: [answer] })
  }
  return messages
}

function messageOf(item: unknown): Message {
  const content = valueAt(item, 'content')
  if (valueAt(item, 'type') === 'function_call_output') {
    const callId = textAt(item, 'call_id') ?? ''
    return { role: 'tool', content: [{ type: 'tool-result', callId, content: userParts(valueAt(item, 'output')) }] }
  }
  return textAt(item, 'role') === 'system'
    ? { role: 'system', content: [{ type: 'text', text: String(content) }] }
    : { role: 'user', content: userParts(content) }
}

function answerPart(item: unknown): AssistantPart | undefined {
  switch (valueAt(item, 'type')) {
    case 'function_call': {
      const [callId = '', name = '', text = ''] = ['call_id', 'name', 'arguments'].map((field) => textAt(item, field))
      return { type: 'tool-call', callId, name, arguments: text }
    }
    case 'reasoning': {
      const carry = { id: textAt(item, 'id') ?? '', encryptedContent: textAt(item, 'encrypted_content') ?? '' }
      return { type: 'reasoning', text: textAt(item, 'summary', 0, 'text') ?? '', carry }
    }
    default:
      return textAt(item, 'role') === 'assistant' ? { type: 'text', text: textAt(item, 'content') ?? '' } : undefined
  }
}

function userParts(content: unknown): UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return itemsAt(content).map((part): UserPart => {
    const image = textAt(part, 'image_url')
    if (image !== undefined) return { type: 'image', ...sourceOf(image) }
    const file = textAt(part, 'file_data') ?? textAt(part, 'file_url')
    if (file !== undefined) return { type: 'file', ...sourceOf(file) }
    return { type: 'text', text: textAt(part, 'text') ?? '' }
  })
}

function sourceOf(url: string) {
  const [, mediaType, data] = /^data:([^;]+);base64,(.*)$/.exec(url) ?? []
  return mediaType !== undefined && data !== undefined ? { mediaType, data } : { url }
}
