import type { AskedMessage } from '../../jobs/input/asked-job.ts'

/** Where a part of a native message comes from in the body of a chat completion. */
export interface PartOrigin {
  /** The path of what it was made of, such as `messages[3].content[1]`. */
  readonly at: string
  /** What stands behind that path for each field of the native part. */
  readonly fields: Readonly<Record<string, string>>
  /** The origins of the parts in its content, for results of tools. */
  readonly inner?: readonly PartOrigin[]
}

/** Where a native message comes from. */
export interface MessageOrigin {
  readonly at: string
  /** Undefined if its content is one text. */
  readonly parts: readonly PartOrigin[] | undefined
}

/** A text that is a field by itself, such as `content` and `refusal`. */
export const TEXT_FIELD = { text: '' }
export const TEXT_FIELDS = { text: '.text' }
export const REFUSAL_FIELDS = { text: '.refusal' }
export const IMAGE_FIELDS = { url: '.image_url.url', data: '.image_url.url', mediaType: '.image_url.url' }
export const FILE_FIELDS = { data: '.file.file_data', mediaType: '.file.file_data', name: '.file.filename' }
export const CALL_FIELDS = { callId: '.id', name: '.function.name', arguments: '.function.arguments' }
export const RESULT_FIELDS = { callId: '.tool_call_id', content: '.content' }

/**
 * The path in the body of what a path in native messages names.
 * @param path behind `messages`, such as `[3].content[1].url`
 */
export function messageParam(origins: readonly MessageOrigin[], path: string): string {
  const [, index, rest = ''] = /^\[(\d+)\](.*)$/.exec(path) ?? []
  const origin = index === undefined ? undefined : origins[Number(index)]
  if (!origin) return `messages${path}`
  return contentParam(origin.parts, rest) ?? `${origin.at}${rest}`
}

/** @param path behind a message or a result, such as `.content[1].url` */
function contentParam(parts: readonly PartOrigin[] | undefined, path: string): string | undefined {
  const [, index, field = '', rest = ''] = /^\.content\[(\d+)\](?:\.(\w+)(.*))?$/.exec(path) ?? []
  const part = index === undefined ? undefined : parts?.[Number(index)]
  if (!part) return undefined
  const inner = field === 'content' ? contentParam(part.inner, `.content${rest}`) : undefined
  return inner ?? `${part.at}${part.fields[field] ?? ''}`
}

/**
 * The origins of messages that were completed: answers may have got their reasoning back, before calls that are still the
 * caller's. What the caller did not send stands for its message.
 */
export function originsOfCompleted(
  origins: readonly MessageOrigin[],
  messages: readonly AskedMessage[],
): readonly MessageOrigin[] {
  return messages.map(({ content }, index) => {
    const { at, parts } = origins[index] ?? { at: `messages[${index}]`, parts: undefined }
    if (!parts || typeof content === 'string' || content.length === parts.length) return { at, parts }
    const calls = parts.filter(({ fields }) => fields === CALL_FIELDS)[Symbol.iterator]()
    const whole = { at, fields: {} }
    return { at, parts: content.map(({ type }) => (type === 'tool-call' ? (calls.next().value ?? whole) : whole)) }
  })
}
