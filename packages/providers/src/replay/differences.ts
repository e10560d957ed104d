import type { RequestShape } from './request-shape.ts'

/** So many differences are named. */
const NAMED = 4

/**
 * The paths at which two requests differ, such as `options.temperature`. They have the names of fields that the API knows, and
 * nothing that a caller wrote.
 */
export function differences(one: RequestShape, other: RequestShape): string[] {
  const paths = pathsIn(one, other).map((path) => (isPrompt(one) && isPrompt(other) ? asPrompt(path) : path))
  return [...new Set(paths.map(knownPath))]
}

/** The paths as the end of a sentence: `prompt and options.seed`. */
export function inWords(paths: readonly string[]): string {
  const shown = paths.length > NAMED ? [...paths.slice(0, NAMED), `${paths.length - NAMED} more`] : paths
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown.join('')
}

function pathsIn(one: unknown, other: unknown, path = ''): string[] {
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other))
    return Object.is(one, other) ? [] : [path]
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  const inner = (name: string) => (Array.isArray(one) ? `${path}[${name}]` : `${path}${path && '.'}${name}`)
  return [...names].flatMap((name) => pathsIn(valueIn(one, name), valueIn(other, name), inner(name)))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function valueIn(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}

/** Whether a request is one text of a user. */
function isPrompt({ messages }: RequestShape): boolean {
  return messages.length === 1 && pathsIn(messages[0], { role: 'user', content: [{ type: 'text' }] }).join() === PROMPT
}

const PROMPT = 'content[0].text'

function asPrompt(path: string): string {
  return path === `messages[0].${PROMPT}` ? 'prompt' : path
}

/** Below an option are names that the caller chose, such as those of the arguments of a tool. */
function knownPath(path: string): string {
  return /^options\.\w+(?:\[\d+\])?/.exec(path)?.[0] ?? path
}
