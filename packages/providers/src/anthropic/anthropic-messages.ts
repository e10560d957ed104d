import type {
  Base64ImageSource,
  ContentBlockParam,
  DocumentBlockParam,
  ImageBlockParam,
  MessageParam,
  TextBlockParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages'
import type { AssistantPart, FilePart, ImagePart, JsonValue, Message, ToolResultPart, UserPart } from '../message.ts'
import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'
import { VendorFailed } from '../vendor-failure.ts'

interface Conversation {
  /** The texts of the system, wherever they stood. */
  readonly system?: string | TextBlockParam[]
  readonly messages: MessageParam[]
}

/** The types of images that Anthropic takes. */
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const satisfies readonly [
  ...Base64ImageSource['media_type'][],
]

/**
 * The system text and the messages of a request. Messages of one role that follow each other become one, and results of
 * tools come first in it, as Anthropic wants.
 * @param keepsThinking whether thinking goes back that Anthropic has signed
 */
export function anthropicMessages(
  prompt: string | readonly Message[],
  system: string | undefined,
  keepsThinking: boolean,
): Conversation {
  const messages = typeof prompt === 'string' ? [] : prompt
  const texts = messages.flatMap(({ role, content }) =>
    role === 'system' ? [content.map(({ text }) => text).join('')] : [],
  )
  return {
    ...systemOf([system ?? '', ...texts]),
    messages: typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : turnsOf(messages, keepsThinking),
  }
}

/** One text is sent as a string, which every server knows. Several stay apart, in their order. */
function systemOf(texts: readonly string[]): Pick<Conversation, 'system'> {
  const blocks = texts.filter(hasWords).map(textBlock)
  const [only] = blocks
  if (!only) return {}
  return { system: blocks.length === 1 ? only.text : blocks }
}

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: ContentBlockParam[]
}

function turnsOf(messages: readonly Message[], keepsThinking: boolean): MessageParam[] {
  const turns: Turn[] = []
  for (const message of messages) {
    const content = contentOf(message, keepsThinking)
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = turns.at(-1)
    if (content.length === 0) continue
    if (last?.role === role) last.content.push(...content)
    else turns.push({ role, content })
  }
  return withoutTrailingSpace(turns).map(({ role, content }) => ({ role, content: shortest(resultsFirst(content)) }))
}

/** Anthropic goes on with an answer at the end of the messages, but refuses one that ends with white space. */
function withoutTrailingSpace(turns: Turn[]): Turn[] {
  const last = turns.at(-1)
  const end = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (!last || end?.type !== 'text') return turns
  return turns.with(-1, { ...last, content: last.content.with(-1, { ...end, text: end.text.trimEnd() }) })
}

function contentOf(message: Message, keepsThinking: boolean): ContentBlockParam[] {
  switch (message.role) {
    case 'system':
      return []
    case 'user':
      return userBlocks(message.content)
    case 'tool':
      return message.content.map(resultBlock)
    case 'assistant':
      return withoutTrailingThinking(message.content.flatMap((part) => answerBlocks(part, keepsThinking)))
  }
}

function resultsFirst(content: ContentBlockParam[]): ContentBlockParam[] {
  const isResult = ({ type }: ContentBlockParam) => type === 'tool_result'
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))]
}

function shortest(content: ContentBlockParam[]): string | ContentBlockParam[] {
  const [only] = content
  return content.length === 1 && only?.type === 'text' ? only.text : content
}

function textBlock(text: string): TextBlockParam {
  return { type: 'text', text }
}

/** Anthropic refuses a text of nothing but white space. */
function hasWords(text: string): boolean {
  return /\S/.test(text)
}

type UserBlock = TextBlockParam | ImageBlockParam | DocumentBlockParam

function userBlocks(parts: readonly UserPart[]): UserBlock[] {
  return parts.filter((part) => part.type !== 'text' || hasWords(part.text)).map(userBlock)
}

function userBlock(part: UserPart): UserBlock {
  switch (part.type) {
    case 'text':
      return textBlock(part.text)
    case 'image':
      return { type: 'image', source: imageSource(part) }
    case 'file':
      return { type: 'document', source: fileSource(part), ...(part.name && { title: part.name }) }
  }
}

function imageSource({ mediaType, url, data }: ImagePart): ImageBlockParam['source'] {
  if (url !== undefined) return { type: 'url', url }
  const known = IMAGE_TYPES.find((type) => type === mediaType)
  if (!known) throw new VendorFailed({ code: 'provider-rejected', what: `takes no images of the type ${mediaType}` })
  return { type: 'base64', media_type: known, data }
}

function fileSource({ mediaType, url, data }: FilePart): DocumentBlockParam['source'] {
  if (url !== undefined) return { type: 'url', url }
  if (mediaType === 'application/pdf') return { type: 'base64', media_type: 'application/pdf', data }
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString() }
}

function resultBlock({ callId, content }: ToolResultPart): ToolResultBlockParam {
  const blocks = userBlocks(content)
  return { type: 'tool_result', tool_use_id: idOf(callId), ...(blocks.length > 0 && { content: blocks }) }
}

/** Thinking goes back only with what Anthropic gave with it. A refusal was text for the model. */
function answerBlocks(part: AssistantPart, keepsThinking: boolean): ContentBlockParam[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return hasWords(part.text) ? [textBlock(part.text)] : []
    case 'reasoning':
      return keepsThinking ? thinkingBlocks(part.text, part.carry) : []
    case 'tool-call':
      return [{ type: 'tool_use', id: idOf(part.callId), name: part.name, input: inputOf(part.arguments) }]
  }
}

/** Anthropic refuses an answer that ends with thinking, as one does that was cut off behind it. */
function withoutTrailingThinking(blocks: ContentBlockParam[]): ContentBlockParam[] {
  const last = blocks.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking')
  return blocks.slice(0, last + 1)
}

function thinkingBlocks(thinking: string, carry: JsonValue | undefined): ContentBlockParam[] {
  const type = valueAt(carry, 'type')
  const signature = valueAt(carry, 'signature')
  if (type === 'thinking' && typeof signature === 'string') return [{ type, thinking, signature }]
  const data = valueAt(carry, 'data')
  if (type === 'redacted_thinking' && typeof data === 'string') return [{ type, data }]
  return []
}

/** Ids of other vendors have characters that Anthropic refuses. */
function idOf(callId: string): string {
  return callId.replace(/[^\w-]/g, '_')
}

/** The input of a call must be an object. */
function inputOf(text: string): object {
  const value = parsedJson(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
