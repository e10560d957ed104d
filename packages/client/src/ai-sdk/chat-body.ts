import type { UIMessage } from 'ai'
import { isObject } from '../job.ts'
import type { ChatRequest } from './chat-options.ts'
import { Refusal } from './refusal.ts'

/**
 * The chat that a request of `DefaultChatTransport` asks for.
 * @param maxBytes the largest body
 * @throws Refusal the body is no chat, or too large
 */
export async function readChatRequest(request: Request, maxBytes: number): Promise<ChatRequest> {
  // A page of another site cannot send this type without being asked first.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new Refusal(415, 'The body must be JSON, with the content type application/json.')
  const body = parsed(await bodyText(request, maxBytes))
  if (!isObject(body)) throw new Refusal(400, 'The body must be a JSON object with id and messages.')
  const { id, messages, trigger = 'submit-message', messageId, ...rest } = body
  if (trigger !== 'submit-message' && trigger !== 'regenerate-message')
    throw new Refusal(400, 'trigger must be submit-message or regenerate-message.')
  if (messageId !== undefined && messageId !== null && typeof messageId !== 'string')
    throw new Refusal(400, 'messageId must be a text.')
  return {
    chatId: checkedChatId(id),
    messages: checkedMessages(messages),
    trigger,
    messageId: messageId ?? undefined,
    body: rest,
  }
}

/** @throws Refusal it is no id of a chat */
export function checkedChatId(id: unknown): string {
  if (typeof id === 'string' && id.length > 0 && id.length <= 512) return id
  throw new Refusal(400, 'The id of the chat must be a text of 1 to 512 characters.')
}

function checkedMessages(messages: unknown): UIMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw new Refusal(400, 'messages must be a list of messages.')
  const wrong = messages.findIndex((message) => !isUIMessage(message))
  if (wrong !== -1) throw new Refusal(400, `messages[${wrong}] is no message of the AI SDK.`)
  // A browser must not instruct the model in the name of the app.
  return messages.filter(isUIMessage).filter(({ role }) => role !== 'system')
}

const ROLES: ReadonlySet<unknown> = new Set<UIMessage['role']>(['system', 'user', 'assistant'])

/** Whether a message can be turned into one of a job. Parts that no job gets are not looked at. */
function isUIMessage(value: unknown): value is UIMessage {
  if (!isObject(value) || typeof value['id'] !== 'string' || !ROLES.has(value['role'])) return false
  return Array.isArray(value['parts']) && value['parts'].every(isPart)
}

function isPart(part: unknown): boolean {
  if (!isObject(part) || typeof part['type'] !== 'string') return false
  const { type } = part
  if (type === 'text') return typeof part['text'] === 'string'
  if (type === 'file') return areTexts(part['url'], part['mediaType']) && isAbsentOrText(part['filename'])
  if (type === 'steering-message') return Array.isArray(part['parts']) && part['parts'].every(isPart)
  return type === 'dynamic-tool' || type.startsWith('tool-') ? isToolPart(part) : true
}

function isToolPart(part: Record<string, unknown>): boolean {
  const { type, toolName, toolCallId, state, errorText, approval } = part
  if (!areTexts(toolCallId, state) || (type === 'dynamic-tool' && typeof toolName !== 'string')) return false
  if (state === 'output-error') return typeof errorText === 'string'
  const needsApproval = state === 'output-denied' || state === 'approval-responded'
  return !needsApproval || (isObject(approval) && isAbsentOrText(approval['reason']))
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string')
}

function isAbsentOrText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'The body is not JSON.')
  }
}

async function bodyText(request: Request, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  const reader = request.body?.getReader()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      void reader?.cancel().catch(() => {})
      throw new Refusal(413, `The body is larger than ${maxBytes} bytes.`)
    }
    text += decoder.decode(value, { stream: true })
  }
}
