import type { Content, Part } from '@google/generative-ai'
import { isOwnCallId } from '../answer-order.ts'
import type { AssistantPart, FilePart, ImagePart, JsonValue, Message, ToolResultPart, UserPart } from '../message.ts'
import { parsedJson } from '../parsed-json.ts'

/** A part with the fields that the SDK passes on, but has no types for. */
type GeminiPart = Part & { readonly thought?: boolean; readonly thoughtSignature?: string }

interface Contents {
  readonly contents: Content[]
  /** The text of the messages of the system, wherever they stood. */
  readonly system: string
}

/** Google's own value for a call that another model, or nobody, has signed. */
const UNSIGNED = 'skip_thought_signature_validator'

/**
 * The contents of a request.
 * @param isSigned whether the model refuses a call without a signature
 */
export function geminiContents(prompt: string | readonly Message[], isSigned: boolean): Contents {
  if (typeof prompt === 'string') return { contents: [{ role: 'user', parts: [{ text: prompt }] }], system: '' }
  const list = new ContentList(isSigned)
  for (const message of prompt) list.add(message)
  return list.end()
}

class ContentList {
  readonly #isSigned: boolean
  readonly #contents: Content[] = []
  readonly #system: string[] = []
  /** The names of the tools that were called, by call. */
  readonly #names = new Map<string, string>()
  /** The results of all calls belong into one content. Their images and files come behind it. */
  #results: Part[] = []
  #attached: Part[] = []

  constructor(isSigned: boolean) {
    this.#isSigned = isSigned
  }

  add(message: Message): void {
    if (message.role !== 'tool') this.#endResults()
    switch (message.role) {
      case 'system':
        this.#system.push(message.content.map(({ text }) => text).join(''))
        break
      case 'user':
        this.#push('user', message.content.map(userPart))
        break
      case 'assistant':
        for (const part of message.content) if (part.type === 'tool-call') this.#names.set(part.callId, part.name)
        this.#push('model', modelParts(message.content, this.#isSigned))
        break
      case 'tool':
        for (const result of message.content) this.#addResult(result)
    }
  }

  end(): Contents {
    this.#endResults()
    return { contents: this.#contents, system: this.#system.join('\n\n') }
  }

  #addResult(result: ToolResultPart): void {
    this.#results.push(functionResponse(result, this.#names.get(result.callId)))
    for (const part of result.content) if (part.type !== 'text') this.#attached.push(mediaPart(part))
  }

  #endResults(): void {
    this.#push('user', this.#results)
    this.#push('user', this.#attached)
    this.#results = []
    this.#attached = []
  }

  #push(role: 'user' | 'model', parts: Part[]): void {
    if (parts.length > 0) this.#contents.push({ role, parts })
  }
}

function userPart(part: UserPart): Part {
  return part.type === 'text' ? { text: part.text } : mediaPart(part)
}

function mediaPart(part: ImagePart | FilePart): Part {
  const { mediaType, url, data } = part
  if (url !== undefined) return { fileData: { fileUri: url, mimeType: mediaType ?? typeOfName(url) } }
  // Not every type of text is taken as data.
  if (/^text\/|\/json$/.test(mediaType)) return { text: Buffer.from(data, 'base64').toString() }
  return { inlineData: { mimeType: mediaType, data } }
}

const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  pdf: 'application/pdf',
}

/** The type of a file by its name. An empty text lets Gemini find out. */
function typeOfName(url: string): string {
  const extension = /\.(\w+)$/.exec(new URL(url).pathname)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(TYPES, extension) ? (TYPES[extension] ?? '') : ''
}

/** Reasoning goes back only with its signature. A refusal was text for the model. */
function modelParts(parts: readonly AssistantPart[], isSigned: boolean): GeminiPart[] {
  const sent = parts.map(modelPart).filter((part) => part !== undefined)
  const first = sent.findIndex((part) => part.functionCall !== undefined)
  const call = sent[first]
  if (isSigned && call && call.thoughtSignature === undefined) sent[first] = { ...call, thoughtSignature: UNSIGNED }
  return sent
}

function modelPart(part: AssistantPart): GeminiPart | undefined {
  switch (part.type) {
    case 'text':
      return { text: part.text, ...signature(part.carry) }
    case 'refusal':
      return { text: part.text }
    case 'reasoning':
      return part.carry === undefined ? undefined : { text: part.text, thought: true, ...signature(part.carry) }
    case 'tool-call':
      return functionCall(part)
  }
}

function signature(carry: JsonValue | undefined): { thoughtSignature?: string } {
  return typeof carry === 'string' ? { thoughtSignature: carry } : {}
}

function functionCall({
  callId,
  name,
  arguments: text,
  carry,
}: Extract<AssistantPart, { type: 'tool-call' }>): GeminiPart {
  const args = objectOf(text) ?? {}
  const call = { ...idOf(callId), name, args }
  return { functionCall: call, ...signature(carry) }
}

/** A server that gives calls no ids may refuse the field. */
function idOf(callId: string): { id?: string } {
  return isOwnCallId(callId) ? {} : { id: callId }
}

/** A result must be an object. */
function functionResponse({ callId, content }: ToolResultPart, name = callId): Part {
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const response = { ...idOf(callId), name, response: objectOf(text) ?? { output: text } }
  return { functionResponse: response }
}

function objectOf(text: string): object | undefined {
  const value = parsedJson(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}
