import { partId } from '../door-ids.ts'
import { encodeCarry } from '../encoded-carry.ts'
import type { AnswerPart } from './answer-part.ts'

/** What items are made of beside their part. */
export interface ItemContext {
  readonly jobId: string
  readonly provider: string
  /** Whether the client asked for what the vendor wants back, as `encrypted_content`. */
  readonly hasEncryptedContent: boolean
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

interface TextContent {
  readonly type: 'output_text'
  readonly text: string
  readonly annotations: readonly []
  readonly logprobs: readonly []
}

interface RefusalContent {
  readonly type: 'refusal'
  readonly refusal: string
}

export type MessageContent = TextContent | RefusalContent

/** An item of the output of a response. */
export type OutputItem =
  | {
      readonly id: string
      readonly type: 'message'
      readonly status: ItemStatus
      readonly role: 'assistant'
      readonly content: readonly MessageContent[]
    }
  | {
      readonly id: string
      readonly type: 'reasoning'
      readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[]
      readonly encrypted_content?: string
    }
  | {
      readonly id: string
      readonly type: 'function_call'
      readonly status: ItemStatus
      readonly call_id: string
      readonly name: string
      readonly arguments: string
    }

/** The id of the item that a part is. */
export function itemId(jobId: string, { type, index }: Pick<AnswerPart, 'type' | 'index'>): string {
  if (type === 'reasoning') return partId('rs_', jobId, index)
  return partId(type === 'tool-call' ? 'fc_' : 'msg_', jobId, index)
}

/** The content of the message that a part is. */
export function messageContent(type: AnswerPart['type'], text: string): MessageContent {
  if (type === 'refusal') return { type: 'refusal', refusal: text }
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** The item that a part is. */
export function outputItem(part: AnswerPart, status: ItemStatus, context: ItemContext): OutputItem {
  const id = itemId(context.jobId, part)
  switch (part.type) {
    case 'reasoning': {
      const summary = part.text === '' ? [] : [{ type: 'summary_text' as const, text: part.text }]
      return { id, type: 'reasoning', summary, ...encryptedContent(part, context) }
    }
    case 'tool-call': {
      const callId = partId('call_', context.jobId, part.index)
      const itemStatus = part.hasEnded || status === 'in_progress' ? status : 'incomplete'
      return { id, type: 'function_call', status: itemStatus, call_id: callId, name: part.name, arguments: part.text }
    }
    default:
      return { id, type: 'message', status, role: 'assistant', content: [messageContent(part.type, part.text)] }
  }
}

/** The item of a part that has begun. */
export function begunItem(part: Pick<AnswerPart, 'index' | 'type' | 'name'>, jobId: string): OutputItem {
  const context = { jobId, provider: '', hasEncryptedContent: false }
  const item = outputItem({ ...part, text: '', hasEnded: false, carry: undefined }, 'in_progress', context)
  return item.type === 'message' ? { ...item, content: [] } : item
}

function encryptedContent({ carry }: AnswerPart, { provider, hasEncryptedContent }: ItemContext) {
  return hasEncryptedContent && carry !== undefined && { encrypted_content: encodeCarry({ provider, value: carry }) }
}
