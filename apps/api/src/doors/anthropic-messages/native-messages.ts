import type { ContentPart } from '@promptlab/contract'
import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import type { AssistantBlock, ContentBlock, MessageParam, SystemContent, ToolResult } from './messages-body.ts'
import type { ParamNames } from './param-names.ts'
import { returnedThinking } from './returned-thinking.ts'

type UserPart = Extract<ContentPart, { type: 'text' | 'image' | 'file' }>
type ToolResultPart = Extract<ContentPart, { type: 'tool-result' }>
type Part = UserPart | ToolResultPart | AskedAnswerPart

/** Stands before the result of a tool that failed. Jobs have no other way to tell it to a model. */
const ERROR_PREFIX = 'Error: '

/** The fields of parts that have another name in the API. */
const FIELDS: Partial<Record<Part['type'], Readonly<Record<string, string>>>> = {
  image: { mediaType: 'source.media_type', data: 'source.data', url: 'source.url' },
  file: { mediaType: 'source.media_type', data: 'source.data', url: 'source.url', name: 'title' },
  'tool-call': { callId: 'id', arguments: 'input' },
  'tool-result': { callId: 'tool_use_id' },
}

/**
 * Makes messages of a job from messages of the API. Results of tools become messages of their own, in their places between
 * what the user says. A message without content is left out.
 */
export class NativeMessages {
  readonly messages: AskedMessage[] = []
  readonly #provider: string
  readonly #names: ParamNames

  /**
   * @param provider that is asked
   * @param names gets the parameter that each message and each part stands for
   */
  constructor(provider: string, names: ParamNames) {
    this.#provider = provider
    this.#names = names
  }

  /** @param param such as `messages[0]` */
  add(message: MessageParam, param: string): void {
    switch (message.role) {
      case 'system':
        if (message.content.length > 0) this.#push({ role: 'system', content: systemText(message.content) }, param)
        break
      case 'user':
        this.#addUser(message.content, param)
        break
      case 'assistant':
        this.#addAssistant(message.content, param)
    }
  }

  /** The instructions that the API has beside the messages. */
  addSystem(text: string): void {
    const path = this.#push({ role: 'system', content: text }, 'system')
    this.#names.add(`${path}.content`, 'system')
  }

  #addUser(content: string | readonly (ContentBlock | ToolResult)[], param: string): void {
    if (typeof content === 'string') {
      this.#push({ role: 'user', content }, param)
      return
    }
    let last: ReturnType<typeof emptyMessage> | undefined
    for (const [index, block] of content.entries()) {
      const role = block.type === 'tool_result' ? 'tool' : 'user'
      if (last?.role !== role) {
        last = emptyMessage(role)
        this.#push(last, param)
      }
      const blockParam = `${param}.content[${index}]`
      if (last.role === 'tool' && block.type === 'tool_result') {
        this.#name(last.content.push(toolResult(block)) - 1, 'tool-result', blockParam)
        this.#nameInner(last.content.length - 1, block, blockParam)
      } else if (last.role === 'user' && block.type !== 'tool_result') {
        const part = userPart(block)
        this.#name(last.content.push(part) - 1, part.type, blockParam)
      }
    }
  }

  #addAssistant(content: string | readonly AssistantBlock[], param: string): void {
    if (typeof content === 'string') {
      this.#push({ role: 'assistant', content }, param)
      return
    }
    const parts: AskedAnswerPart[] = []
    for (const [index, block] of content.entries()) {
      const part = answerPart(block, this.#provider)
      if (!part) continue
      if (parts.length === 0) this.#push({ role: 'assistant', content: parts }, param)
      this.#name(parts.push(part) - 1, part.type, `${param}.content[${index}]`)
    }
  }

  /** @returns the path of the message */
  #push(message: AskedMessage, param: string): string {
    const path = `messages[${this.messages.length}]`
    this.#names.add(path, param)
    this.messages.push(message)
    return path
  }

  /** Names a part of the last message. */
  #name(index: number, type: Part['type'], param: string, inside = ''): void {
    const path = `messages[${this.messages.length - 1}].content${inside}[${index}]`
    this.#names.add(path, param)
    for (const [field, name] of Object.entries(FIELDS[type] ?? {}))
      this.#names.add(`${path}.${field}`, `${param}.${name}`)
  }

  /** Names what is in the result of a tool. */
  #nameInner(result: number, { content, is_error }: ToolResult, param: string): void {
    if (typeof content === 'string' || !content) return
    const types = content.map((block) => userPart(block).type)
    const shift = is_error && types[0] !== 'text' ? 1 : 0
    for (const [index, type] of types.entries())
      this.#name(index + shift, type, `${param}.content[${index}]`, `[${result}].content`)
  }
}

function emptyMessage(role: 'user' | 'tool') {
  const message: { role: 'user'; content: UserPart[] } | { role: 'tool'; content: ToolResultPart[] } = {
    role,
    content: [],
  }
  return message
}

/** The blocks of a system text. Models get them as one text, with an empty line between two of them. */
export function systemText(content: SystemContent): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n\n')
}

function userPart(block: ContentBlock): UserPart {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'image': {
      const { source } = block
      return source.type === 'url'
        ? { type: 'image', url: source.url }
        : { type: 'image', mediaType: source.media_type, data: source.data }
    }
    case 'document':
      return { type: 'file', ...fileSource(block.source), ...(block.title && { name: block.title }) }
  }
}

type FileSource = Pick<Extract<ContentPart, { type: 'file' }>, 'mediaType' | 'data' | 'url'>

function fileSource(source: Extract<ContentBlock, { type: 'document' }>['source']): FileSource {
  switch (source.type) {
    case 'base64':
      return { mediaType: source.media_type, data: source.data }
    case 'text':
      return { mediaType: source.media_type, data: Buffer.from(source.data).toString('base64') }
    // The API takes addresses of PDFs only.
    case 'url':
      return { mediaType: 'application/pdf', url: source.url }
  }
}

function toolResult({ tool_use_id, content, is_error }: ToolResult): ToolResultPart {
  const prefix = is_error ? ERROR_PREFIX : ''
  if (typeof content === 'string' || !content || content.length === 0)
    return { type: 'tool-result', callId: tool_use_id, content: prefix + (content ?? '') }
  const parts = content.map(userPart)
  const [first, ...rest] = parts
  const told =
    first?.type === 'text'
      ? [{ ...first, text: prefix + first.text }, ...rest]
      : [...(is_error ? [{ type: 'text', text: prefix } as const] : []), ...parts]
  return { type: 'tool-result', callId: tool_use_id, content: told }
}

function answerPart(block: AssistantBlock, provider: string): AskedAnswerPart | undefined {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'tool_use':
      return { type: 'tool-call', callId: block.id, name: block.name, arguments: JSON.stringify(block.input) }
    case 'thinking':
    case 'redacted_thinking':
      return returnedThinking(block, provider)
  }
}
