import type { AssistantPart, Message, ToolResultPart, UserPart } from '../message.ts'
import { valueAt } from '../value-at.ts'
import { itemsAt, textAt } from './read-request.ts'

/** The contents of a request in Gemini's format, as messages. What it cannot say is left out. */
export function geminiMessagesOf(contents: unknown): Message[] {
  return itemsAt(contents).map((content): Message => {
    const parts = itemsAt(content, 'parts')
    if (textAt(content, 'role') === 'model') return { role: 'assistant', content: parts.map(answerPart) }
    const results = parts.filter((part) => valueAt(part, 'functionResponse') !== undefined)
    if (results.length > 0) return { role: 'tool', content: results.map(resultPart) }
    return { role: 'user', content: parts.map(userPart) }
  })
}

function answerPart(part: unknown): AssistantPart {
  const signature = textAt(part, 'thoughtSignature')
  const carry = signature === undefined ? {} : { carry: signature }
  const call = valueAt(part, 'functionCall')
  if (call !== undefined) {
    const json = JSON.stringify(valueAt(call, 'args'))
    return {
      type: 'tool-call',
      callId: textAt(call, 'id') ?? '',
      name: textAt(call, 'name') ?? '',
      arguments: json,
      ...carry,
    }
  }
  const text = textAt(part, 'text') ?? ''
  return { type: valueAt(part, 'thought') === true ? 'reasoning' : 'text', text, ...carry }
}

function resultPart(part: unknown): ToolResultPart {
  const result = valueAt(part, 'functionResponse')
  const text = textAt(result, 'response', 'output') ?? JSON.stringify(valueAt(result, 'response'))
  return { type: 'tool-result', callId: textAt(result, 'id') ?? '', content: [{ type: 'text', text }] }
}

function userPart(part: unknown): UserPart {
  const mediaType = textAt(part, 'inlineData', 'mimeType')
  const data = textAt(part, 'inlineData', 'data')
  if (mediaType === undefined || data === undefined) return { type: 'text', text: textAt(part, 'text') ?? '' }
  return { type: mediaType.startsWith('image/') ? 'image' : 'file', mediaType, data }
}
