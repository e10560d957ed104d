import type { ShownMessage } from '@promptlab/contract'
import type { AssistantPart, Message, ToolResultPart, UserPart } from '@promptlab/providers'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { clip } from '../../http/clip.ts'
import type { StoredJob } from '../../jobs/job.ts'
import { inputId } from '../door-ids.ts'
import { messageContent } from './output-item.ts'

/** The query of `GET /v1/responses/:id/input_items`. */
export const InputItemsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional(),
  // Images and files are always in the items.
  include: z.unknown().optional(),
  'include[]': z.unknown().optional(),
})
export type InputItemsQuery = z.infer<typeof InputItemsQuery>

/** An item that is not read yet: a message, or one part of it. */
interface UnreadItem {
  readonly id: string
  readonly message: ShownMessage
}

/**
 * A page of the input of a job, also of one that was made elsewhere.
 * @param read a message with all of its content
 * @throws ApiError `invalid-request`, and what `read` throws
 */
export async function inputItems(
  job: StoredJob,
  { limit, order, after }: InputItemsQuery,
  read: (message: ShownMessage) => Promise<Message>,
) {
  const unread = unreadItems(job)
  if (order === 'desc') unread.reverse()
  const start = after === undefined ? 0 : unread.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0) {
    const message = `There is no item with id '${clip(after)}'`
    throw new ApiError('invalid-request', `after: ${message}.`, { faults: [{ path: 'after', message }] })
  }
  const page = unread.slice(start, start + limit)
  const data: ReturnType<typeof itemOf>[] = []
  for (const { id, message } of page) data.push(itemOf(id, await read(message)))
  return {
    object: 'list',
    data,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: start + page.length < unread.length,
  }
}

/** An item for each message of the user or the system, and for each part of an answer and each result of a tool. */
function unreadItems({ id: jobId, prompt, messages = [{ role: 'user', content: prompt }] }: StoredJob): UnreadItem[] {
  return messages.flatMap((message, index): UnreadItem[] => {
    const id = inputId(jobId, index)
    const { role, content } = message
    const isOne = role === 'user' || role === 'system' || typeof content === 'string' || content.length === 1
    if (isOne) return [{ id, message }]
    return content.map((part, place) => ({ id: `${id}_${place}`, message: { role, content: [part] } }))
  })
}

function itemOf(id: string, message: Message) {
  switch (message.role) {
    case 'assistant':
      return answerItem(id, message.content[0] ?? { type: 'text', text: '' })
    case 'tool':
      return resultItem(id, message.content)
    default: {
      const content = message.content.map(contentPart)
      return { id, type: 'message' as const, status: 'completed' as const, role: message.role, content }
    }
  }
}

function answerItem(id: string, part: AssistantPart) {
  const status = 'completed' as const
  switch (part.type) {
    case 'reasoning':
      return { id, type: part.type, summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }] }
    case 'tool-call': {
      const { callId, name, arguments: text } = part
      return { id, type: 'function_call' as const, status, call_id: callId, name, arguments: text }
    }
    default: {
      const content = [messageContent(part.type, part.text)]
      return { id, type: 'message' as const, status, role: 'assistant' as const, content }
    }
  }
}

function resultItem(id: string, [result]: readonly ToolResultPart[]) {
  const { callId = '', content = [] } = result ?? {}
  const [only] = content
  const output = content.length === 1 && only?.type === 'text' ? only.text : content.map(contentPart)
  return { id, type: 'function_call_output' as const, status: 'completed' as const, call_id: callId, output }
}

function contentPart(part: UserPart) {
  switch (part.type) {
    case 'text':
      return { type: 'input_text' as const, text: part.text }
    case 'image':
      return { type: 'input_image' as const, image_url: addressOf(part), detail: 'auto' as const }
    case 'file': {
      const name = part.name !== undefined && { filename: part.name }
      if (part.url !== undefined) return { type: 'input_file' as const, ...name, file_url: part.url }
      return { type: 'input_file' as const, ...name, file_data: addressOf(part) }
    }
  }
}

function addressOf(part: Exclude<UserPart, { type: 'text' }>): string {
  return part.url ?? `data:${part.mediaType};base64,${part.data}`
}
