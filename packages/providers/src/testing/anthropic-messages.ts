import type { AssistantPart, JsonValue, Message, ToolResultPart, UserPart } from '../message.ts'
import { valueAt } from '../value-at.ts'
import { itemsAt, textAt } from './read-request.ts'

/** The messages of a request in Anthropic's format. Results of tools become a message of their own. */
export function anthropicMessagesOf(messages: unknown): Message[] {
  return itemsAt(messages).flatMap((message): Message[] => {
    const blocks = blocksOf(valueAt(message, 'content'))
    if (textAt(message, 'role') === 'assistant') return [{ role: 'assistant', content: blocks.map(answerPart) }]
    const isResult = (block: unknown) => textAt(block, 'type') === 'tool_result'
    const results = blocks.filter(isResult).map(resultPart)
    const others = blocks.filter((block) => !isResult(block)).map(userPart)
    return [
      ...(results.length > 0 ? [{ role: 'tool', content: results } as const] : []),
      ...(others.length > 0 ? [{ role: 'user', content: others } as const] : []),
    ]
  })
}

/** The system text of a request, in one piece. */
export function anthropicSystemOf(system: unknown): string | undefined {
  return system === undefined ? undefined : blocksOf(system).map(textOf).join('\n\n')
}

function blocksOf(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : itemsAt(content)
}

function textOf(block: unknown): string {
  return textAt(block, 'text') ?? ''
}

function answerPart(block: unknown): AssistantPart {
  switch (textAt(block, 'type')) {
    case 'thinking': {
      const carry: JsonValue = { type: 'thinking', signature: textAt(block, 'signature') ?? '' }
      return { type: 'reasoning', text: textAt(block, 'thinking') ?? '', carry }
    }
    case 'redacted_thinking': {
      const carry: JsonValue = { type: 'redacted_thinking', data: textAt(block, 'data') ?? '' }
      return { type: 'reasoning', text: '', carry }
    }
    case 'tool_use':
      return {
        type: 'tool-call',
        callId: textAt(block, 'id') ?? '',
        name: textAt(block, 'name') ?? '',
        arguments: JSON.stringify(valueAt(block, 'input')),
      }
    default:
      return { type: 'text', text: textOf(block) }
  }
}

function resultPart(block: unknown): ToolResultPart {
  const content = blocksOf(valueAt(block, 'content')).map(userPart)
  return { type: 'tool-result', callId: textAt(block, 'tool_use_id') ?? '', content }
}

function userPart(block: unknown): UserPart {
  const url = textAt(block, 'source', 'url')
  const data = textAt(block, 'source', 'data') ?? ''
  const source = url === undefined ? { mediaType: textAt(block, 'source', 'media_type') ?? '', data } : { url }
  switch (textAt(block, 'type')) {
    case 'image':
      return { type: 'image', ...source }
    case 'document':
      return { type: 'file', ...source }
    default:
      return { type: 'text', text: textOf(block) }
  }
}
