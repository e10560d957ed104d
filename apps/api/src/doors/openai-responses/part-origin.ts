/** Where a part of a native message comes from in the input. */
export interface PartOrigin {
  /** The path of what it was made of, such as `input[3].content[1]`. */
  readonly at: string
  /** What stands behind that path for a field of the native part. Default: nothing. */
  readonly fieldOf?: (field: string) => string
  /** The origins of the parts in its content, for results of tools. */
  readonly inner?: readonly PartOrigin[]
}

/** Where a native message comes from. */
export interface MessageOrigin {
  readonly at: string
  readonly parts: readonly PartOrigin[]
}

/**
 * The path in the input of what a path in native messages names.
 * @param path behind `messages`, such as `[3].content[1].url`
 */
export function inputParam(origins: readonly MessageOrigin[], path: string): string {
  const [, index = '', rest = ''] = /^\[(\d+)\](?:\.content)?(.*)$/.exec(path) ?? []
  const origin = index === '' ? undefined : origins[Number(index)]
  if (!origin) return 'input'
  return paramIn(origin.parts, rest) ?? origin.at
}

/** @param path behind the content of a message or a result, such as `[1].url` */
function paramIn(parts: readonly PartOrigin[], path: string): string | undefined {
  const [, index = '', field = '', rest = ''] = /^\[(\d+)\](?:\.(\w+)(.*))?$/.exec(path) ?? []
  const part = index === '' ? undefined : parts[Number(index)]
  if (!part) return undefined
  const inner = field === 'content' && part.inner ? paramIn(part.inner, rest) : undefined
  if (inner !== undefined) return inner
  return field === '' ? part.at : part.at + (part.fieldOf?.(field) ?? '')
}
