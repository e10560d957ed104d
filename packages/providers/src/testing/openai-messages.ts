import type { AssistantPart, Message, UserPart } from '../message.ts'
import { valueAt } from '../value-at.ts'
import { itemsAt, textAt } from './read-request.ts'

/** The messages of a request in the format of Chat Completions. What it cannot say is left out. */
export function openAIMessagesOf(messages: unknown): Message[] {
  return itemsAt(messages).map(messageOf)
}

function messageOf(message: unknown): Message {
  const content = valueAt(message, 'content')
  switch (textAt(message, 'role')) {
    case 'system':
      return { role: 'system', content: [{ type: 'text', text: String(content) }] }
    case 'assistant':
      return { role: 'assistant', content: answerParts(message) }
    case 'tool': {
      const callId = textAt(message, 'tool_call_id') ?? ''
      return { role: 'tool', content: [{ type: 'tool-result', callId, content: userParts(content) }] }
    }
    default:
      return { role: 'user', content: userParts(content) }
  }
}

function answerParts(message: unknown): AssistantPart[] {
  const text = textAt(message, 'content')
  const calls = itemsAt(message, 'tool_calls').map(
    (call): AssistantPart => ({
      type: 'tool-call',
      callId: textAt(call, 'id') ?? '',
      name: textAt(call, 'function', 'name') ?? '',
      arguments: textAt(call, 'function', 'arguments') ?? '',
    }),
  )
  return text ? [{ type: 'text', text }, ...calls] : calls
}

function userParts(content: unknown): UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return itemsAt(content).map((part): UserPart => {
    const image = textAt(part, 'image_url', 'url')
    if (image !== undefined) return { type: 'image', ...sourceOf(image) }
    const file = textAt(part, 'file', 'file_data')
    if (file !== undefined) return { type: 'file', ...sourceOf(file) }
    return { type: 'text', text: textAt(part, 'text') ?? '' }
  })
}

function sourceOf(url: string) {
  const [, mediaType, data] = /^data:([^;]+);base64,(.*)$/.exec(url) ?? []
  return mediaType !== undefined && data !== undefined ? { mediaType, data } : { url }
}
