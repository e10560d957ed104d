import type { TextUIPart, UIMessage } from 'ai'
import type { FilePart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart } from '../content.ts'
import { fileContent } from './file-content.ts'
import { isToolPart, type ToolPart, textOf, toolNameOf, toolResultOf } from './tool-part.ts'

/**
 * The messages of a chat as a job takes them. Reasoning, sources, data parts and what has no text or file are left out. So are
 * calls without a result, because vendors refuse them.
 * @throws PromptLabError a file is not one that a job may have
 */
export function nativeMessages(messages: readonly UIMessage[]): Message[] {
  return messages.flatMap(messagesFor)
}

function messagesFor({ role, parts }: UIMessage): Message[] {
  if (role === 'user') return userMessage(parts)
  if (role === 'assistant') return answerMessages(parts)
  const content = parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('')
  return content === '' ? [] : [{ role, content }]
}

type Part = UIMessage['parts'][number]

function userMessage(parts: readonly Part[]): Message[] {
  const content = parts.flatMap((part): (TextPart | ImagePart | FilePart)[] => {
    if (part.type === 'text') return textParts(part)
    return part.type === 'file' ? [fileContent(part)] : []
  })
  return content.length === 0 ? [] : [{ role: 'user', content: shortest(content) }]
}

/** An answer is made of steps. Each is a message of the assistant, and one with the results of its calls. */
function answerMessages(parts: readonly Part[]): Message[] {
  const messages: Message[] = []
  let said: (TextPart | ToolCallPart)[] = []
  let results: ToolResultPart[] = []
  const endStep = () => {
    if (said.length > 0) messages.push({ role: 'assistant', content: shortest(said) })
    if (results.length > 0) messages.push({ role: 'tool', content: results })
    said = []
    results = []
  }
  for (const part of parts) {
    if (part.type === 'step-start') endStep()
    else if (part.type === 'text') said.push(...textParts(part))
    else if (part.type === 'steering-message') {
      endStep()
      messages.push(...userMessage(part.parts))
    } else if (isToolPart(part)) {
      const result = toolResultOf(part)
      if (result === undefined) continue
      said.push(callOf(part))
      results.push({ type: 'tool-result', callId: part.toolCallId, content: result })
    }
  }
  endStep()
  return messages
}

function callOf(part: ToolPart): ToolCallPart {
  // Arguments that are no JSON are a text, which is what the model wrote.
  const { input } = part
  return { type: 'tool-call', callId: part.toolCallId, name: toolNameOf(part), arguments: textOf(input ?? {}) }
}

function textParts({ text }: TextUIPart): TextPart[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** A single text needs no list. */
function shortest<Content extends { type: string }>(content: Content[]): string | Content[] {
  const [only] = content
  return content.length === 1 && only && isText(only) ? only.text : content
}

function isText(part: { type: string }): part is TextPart {
  return part.type === 'text'
}
