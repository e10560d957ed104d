import type { Fault } from '@promptlab/contract'
import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import type { ChatMessage } from './chat-body.ts'
import { type Placed, userParts } from './chat-content.ts'
import {
  CALL_FIELDS,
  type MessageOrigin,
  type PartOrigin,
  REFUSAL_FIELDS,
  RESULT_FIELDS,
  TEXT_FIELD,
  TEXT_FIELDS,
} from './part-origin.ts'

/** The messages of a body as those of a job. */
export interface ReadMessages {
  readonly messages: AskedMessage[]
  /** Where each of the messages comes from. */
  readonly origins: readonly MessageOrigin[]
  /** What cannot be read, with paths in the body. */
  readonly faults: Fault[]
}

type ToolResult = Extract<AskedMessage, { role: 'tool' }>['content'][number]
type ChatMessageOf<Role extends ChatMessage['role']> = Extract<ChatMessage, { role: Role }>

/** Results of tools that follow each other become one message, as they answer one message of the assistant. */
export function readMessages(asked: readonly ChatMessage[]): ReadMessages {
  const messages: AskedMessage[] = []
  const origins: MessageOrigin[] = []
  const faults: Fault[] = []
  let results: { content: ToolResult[]; parts: PartOrigin[] } | undefined
  for (const [index, message] of asked.entries()) {
    const at = `messages[${index}]`
    if (message.role === 'tool') {
      if (!results) {
        results = { content: [], parts: [] }
        messages.push({ role: 'tool', content: results.content })
        origins.push({ at, parts: results.parts })
      }
      const { part, origin } = toolResult(message, at, faults)
      results.content.push(part)
      results.parts.push(origin)
      continue
    }
    results = undefined
    const read = readMessage(message, at, faults)
    messages.push(read.message)
    origins.push({ at, parts: read.parts })
  }
  return { messages, origins, faults }
}

function readMessage(message: Exclude<ChatMessage, { role: 'tool' }>, at: string, faults: Fault[]) {
  const { role, content } = message
  switch (role) {
    case 'assistant':
      return assistantMessage(message, at)
    case 'user': {
      if (typeof content === 'string') return { message: { role, content } as const, parts: undefined }
      const { parts, origins } = split(userParts(content, `${at}.content`, faults))
      return { message: { role, content: parts } as const, parts: origins }
    }
    default: {
      if (typeof content === 'string') return { message: { role: 'system', content } as const, parts: undefined }
      const origins = content.map((_, index) => ({ at: `${at}.content[${index}]`, fields: TEXT_FIELDS }))
      return { message: { role: 'system', content } as const, parts: origins }
    }
  }
}

/** The reasoning comes first, as in the answers of this door, and the calls last. */
function assistantMessage(message: ChatMessageOf<'assistant'>, at: string) {
  const { content = '', refusal, tool_calls = [], reasoning_content, reasoning } = message
  const read: Placed<AskedAnswerPart>[] = []
  const add = (part: AskedAnswerPart, path: string, fields: PartOrigin['fields']) =>
    read.push({ part, origin: { at: `${at}${path}`, fields } })
  if (reasoning_content) add({ type: 'reasoning', text: reasoning_content }, '.reasoning_content', TEXT_FIELD)
  else if (reasoning) add({ type: 'reasoning', text: reasoning }, '.reasoning', TEXT_FIELD)
  if (typeof content !== 'string') {
    for (const [index, part] of content.entries()) {
      if (part.type === 'text') add(part, `.content[${index}]`, TEXT_FIELDS)
      else add({ type: 'refusal', text: part.refusal }, `.content[${index}]`, REFUSAL_FIELDS)
    }
  } else if (content !== '') add({ type: 'text', text: content }, '.content', TEXT_FIELD)
  if (refusal) add({ type: 'refusal', text: refusal }, '.refusal', TEXT_FIELD)
  for (const [index, { id, function: called }] of tool_calls.entries()) {
    const call = { callId: id, name: called.name, arguments: called.arguments ?? '' }
    add({ type: 'tool-call', ...call }, `.tool_calls[${index}]`, CALL_FIELDS)
  }
  // An answer may have been empty, such as one that was cut off while the model reasoned.
  if (read.length === 0) return { message: { role: 'assistant', content: '' } as const, parts: undefined }
  const { parts, origins } = split(read)
  return { message: { role: 'assistant', content: parts } as const, parts: origins }
}

function toolResult({ tool_call_id, content }: ChatMessageOf<'tool'>, at: string, faults: Fault[]): Placed<ToolResult> {
  const origin = { at, fields: RESULT_FIELDS }
  const result = { type: 'tool-result', callId: tool_call_id } as const
  if (typeof content === 'string') return { part: { ...result, content }, origin }
  const { parts, origins } = split(userParts(content, `${at}.content`, faults))
  return { part: { ...result, content: parts }, origin: { ...origin, inner: origins } }
}

function split<Part>(placed: readonly Placed<Part>[]) {
  return { parts: placed.map(({ part }) => part), origins: placed.map(({ origin }) => origin) }
}
