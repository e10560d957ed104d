import type { ContentPart, CreateJobBody, Message } from '@promptlab/contract'
import type { JsonValue } from '@promptlab/providers'

/** What a vendor gave with a part of an earlier answer and wants back. No other provider gets it. */
export interface AskedCarry {
  readonly provider: string
  readonly value: JsonValue
}

/** A part of an earlier answer. Natively callers send only its texts and calls; doors also send what else the answer had. */
export type AskedAnswerPart = (
  | Extract<ContentPart, { type: 'text' | 'tool-call' }>
  | { type: 'reasoning'; text: string }
  | { type: 'refusal'; text: string }
) & { carry?: AskedCarry | undefined }

/** A message of a conversation, as it is asked at any door. */
export type AskedMessage =
  | Exclude<Message, { role: 'assistant' }>
  | { role: 'assistant'; content: string | AskedAnswerPart[] }

/** What is asked of a job, natively or at a door. */
export interface AskedJob extends Omit<CreateJobBody, 'messages'> {
  messages?: AskedMessage[] | undefined
}
