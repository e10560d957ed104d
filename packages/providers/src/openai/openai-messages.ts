import type {
  ChatCompletionContentPart,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import type { AssistantPart, FilePart, ImagePart, Message, ToolResultPart, UserPart } from '../message.ts'

/** The name of a field that has the reasoning of an answer which called tools. Undefined: reasoning is not sent. */
type ReasoningField = 'reasoning_content' | 'reasoning' | undefined

/** The messages of a request. The system text comes first. */
export function openAIMessages(
  prompt: string | readonly Message[],
  system: string | undefined,
  reasoningField?: ReasoningField,
): ChatCompletionMessageParam[] {
  const messages =
    typeof prompt === 'string' ? [{ role: 'user' as const, content: prompt }] : conversation(prompt, reasoningField)
  return system ? [{ role: 'system', content: system }, ...messages] : messages
}

function conversation(messages: readonly Message[], reasoningField: ReasoningField): ChatCompletionMessageParam[] {
  const all: ChatCompletionMessageParam[] = []
  // Images and files of tool results. The results of all calls must follow each other, so these come behind them.
  let attached: ChatCompletionContentPart[] = []
  for (const message of messages) {
    if (message.role === 'tool') {
      for (const result of message.content) {
        all.push(toolMessage(result))
        attached.push(...attachments(result))
      }
      continue
    }
    if (attached.length > 0) all.push({ role: 'user', content: attached })
    attached = []
    const sent = messageOf(message, reasoningField)
    if (sent) all.push(sent)
  }
  return attached.length > 0 ? [...all, { role: 'user', content: attached }] : all
}

function messageOf(
  message: Exclude<Message, { role: 'tool' }>,
  reasoningField: ReasoningField,
): ChatCompletionMessageParam | undefined {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content.map(({ text }) => text).join('') }
    case 'user':
      return { role: 'user', content: userContent(message.content) }
    case 'assistant':
      return assistantMessage(message.content, reasoningField)
  }
}

/** One text is sent as a string, which every server knows. */
function userContent(parts: readonly UserPart[]): string | ChatCompletionContentPart[] {
  const [first] = parts
  return parts.length === 1 && first?.type === 'text' ? first.text : parts.map(contentPart)
}

function contentPart(part: UserPart): ChatCompletionContentPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image':
      return { type: 'image_url', image_url: { url: addressOf(part) } }
    case 'file':
      // A file by its address is not in OpenAI's reference. OpenRouter takes it in this field.
      return { type: 'file', file: { filename: part.name ?? 'file.pdf', file_data: addressOf(part) } }
  }
}

function addressOf(part: ImagePart | FilePart): string {
  return part.url ?? `data:${part.mediaType};base64,${part.data}`
}

/**
 * Reasoning is sent with tool calls, to servers that want it back. Others have no field for it, or refuse it. A refusal
 * is sent as text, which it was for the model; most servers do not know the field of OpenAI.
 */
function assistantMessage(
  parts: readonly AssistantPart[],
  reasoningField: ReasoningField,
): ChatCompletionMessageParam | undefined {
  const text = parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [toolCall(part)] : []))
  if (!text && calls.length === 0) return undefined
  if (calls.length === 0) return { role: 'assistant', content: text }
  const reasoning = parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('')
  const thought = reasoningField && reasoning ? { [reasoningField]: reasoning } : {}
  return { role: 'assistant', content: text || null, ...thought, tool_calls: calls }
}

function toolCall(part: Extract<AssistantPart, { type: 'tool-call' }>): ChatCompletionMessageFunctionToolCall {
  // Servers parse the arguments, and an empty text is no JSON.
  return { id: part.callId, type: 'function', function: { name: part.name, arguments: part.arguments.trim() || '{}' } }
}

/** A result of a tool can only be text here. */
function toolMessage({ callId, content }: ToolResultPart): ChatCompletionMessageParam {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  const text = texts.join('') || (content.length > 0 ? 'The result is in the next message.' : '')
  return { role: 'tool', tool_call_id: callId, content: text }
}

function attachments({ callId, content }: ToolResultPart): ChatCompletionContentPart[] {
  const media = content.filter((part) => part.type !== 'text')
  if (media.length === 0) return []
  return [{ type: 'text', text: `From the result of the tool call ${callId}:` }, ...media.map(contentPart)]
}
