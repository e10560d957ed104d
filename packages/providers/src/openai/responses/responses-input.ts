import type { ResponseInputContent, ResponseInputItem } from 'openai/resources/responses/responses'
import type { AssistantPart, FilePart, ImagePart, JsonValue, Message, ToolResultPart, UserPart } from '../../message.ts'
import { valueAt } from '../../value-at.ts'

/** What of a reasoning item has to come back in the next turn, as the `carry` of its part. */
export interface ReasoningCarry {
  readonly id: string
  readonly encryptedContent: string
}

/** The carry of a text that was not the answer yet, but a remark on the way to it. */
export const COMMENTARY = { phase: 'commentary' } as const

/** The input of a request. */
export function responsesInput(prompt: string | readonly Message[]): string | ResponseInputItem[] {
  return typeof prompt === 'string' ? prompt : prompt.flatMap(itemsOf)
}

function itemsOf(message: Message): ResponseInputItem[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content.map(({ text }) => text).join('') }]
    case 'user':
      return [{ role: 'user', content: contentOf(message.content) }]
    case 'assistant':
      return answerItems(message.content)
    case 'tool':
      return message.content.map(resultItem)
  }
}

/** One text is sent as a string. */
function contentOf(parts: readonly UserPart[]): string | ResponseInputContent[] {
  const [first] = parts
  return parts.length === 1 && first?.type === 'text' ? first.text : parts.map(contentPart)
}

function contentPart(part: UserPart): ResponseInputContent {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image':
      return { type: 'input_image', image_url: addressOf(part), detail: 'auto' }
    case 'file':
      return part.url === undefined
        ? { type: 'input_file', filename: part.name ?? 'file.pdf', file_data: addressOf(part) }
        : { type: 'input_file', file_url: part.url }
  }
}

function addressOf(part: ImagePart | FilePart): string {
  return part.url ?? `data:${part.mediaType};base64,${part.data}`
}

/**
 * The items of an answer. Reasoning goes back only with what OpenAI gave with it, and only if something follows it: an
 * item of reasoning on its own is refused. A refusal was text for the model.
 */
function answerItems(parts: readonly AssistantPart[]): ResponseInputItem[] {
  const last = parts.findLastIndex(({ type }) => type !== 'reasoning')
  return parts.slice(0, last + 1).flatMap(answerItem)
}

function answerItem(part: AssistantPart): ResponseInputItem[] {
  switch (part.type) {
    case 'reasoning':
      return reasoningItem(part.text, part.carry)
    case 'text':
      if (!part.text) return []
      return [{ role: 'assistant', content: part.text, ...phaseOf(part.carry) }]
    case 'refusal':
      return [{ role: 'assistant', content: part.text }]
    case 'tool-call': {
      // The arguments are parsed, and an empty text is no JSON.
      const text = part.arguments.trim() || '{}'
      return [{ type: 'function_call', call_id: part.callId, name: part.name, arguments: text }]
    }
  }
}

function reasoningItem(text: string, carry: JsonValue | undefined): ResponseInputItem[] {
  const [id, encrypted] = [valueAt(carry, 'id'), valueAt(carry, 'encryptedContent')]
  if (typeof id !== 'string' || typeof encrypted !== 'string') return []
  const summary = text ? [{ type: 'summary_text' as const, text }] : []
  return [{ type: 'reasoning', id, summary, encrypted_content: encrypted }]
}

function phaseOf(carry: JsonValue | undefined): { phase?: typeof COMMENTARY.phase } {
  return valueAt(carry, 'phase') === COMMENTARY.phase ? COMMENTARY : {}
}

function resultItem({ callId, content }: ToolResultPart): ResponseInputItem {
  const output = content.length === 0 ? '' : contentOf(content)
  return { type: 'function_call_output', call_id: callId, output }
}
