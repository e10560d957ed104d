import { createHash } from 'node:crypto'
import { type FixtureMessage, type FixtureRequest, JobOptions } from '@promptlab/contract'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'

/**
 * What a request and a fixture are compared by: everything that changes an answer, in one form. So a prompt is the same as one
 * message of the user, and a text the same as one part. The ids of calls are numbered, because each run gives its own ones.
 * Reasoning of earlier answers, and what vendors want back with them, do not count: not every client sends them.
 */
export interface RequestShape {
  readonly model: string
  readonly messages: readonly unknown[]
  readonly options: Readonly<Record<string, unknown>>
}

const OPTION_NAMES = JobOptions.keyof().options

/** The shape of a request to a provider. */
export function shapeOfCall(prompt: string | readonly Message[], options: CompletionOptions): RequestShape {
  return shapeOf(options.model, typeof prompt === 'string' ? [userMessage(prompt)] : prompt, options)
}

/** The shape of the request in a fixture. */
export function shapeOfFixture({ model, prompt, messages, options = {} }: FixtureRequest): RequestShape {
  return shapeOf(model, messages ?? [userMessage(prompt ?? '')], options)
}

/** The same text for equal shapes, and for no others. */
export function shapeKey(shape: RequestShape): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(shape)))
    .digest('base64')
}

function userMessage(text: string): FixtureMessage {
  return { role: 'user', content: text }
}

type AnyMessage = Message | FixtureMessage
type AnyContent = AnyMessage['content']
type AnyPart = Exclude<AnyContent, string>[number]

function shapeOf(model: string, messages: readonly AnyMessage[], options: Partial<JobOptions>): RequestShape {
  const calls = new Map<string, string>()
  const shaped = messages.map(({ role, content }) => ({ role, content: partsOf(content, calls) }))
  const given = OPTION_NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]))
  return { model, messages: shaped.filter(({ content }) => content.length > 0), options: Object.fromEntries(given) }
}

/** @param calls the numbers of the calls until now, by their ids */
function partsOf(content: AnyContent, calls: Map<string, string>): unknown[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  const parts: readonly AnyPart[] = content
  return parts.filter(({ type }) => type !== 'reasoning').map((part) => shapeOfPart(part, calls))
}

function shapeOfPart(part: AnyPart, calls: Map<string, string>): unknown {
  switch (part.type) {
    case 'text':
      return { type: part.type, text: part.text }
    case 'tool-call':
      return { type: part.type, callId: numberOf(part.callId, calls), name: part.name, arguments: part.arguments }
    case 'tool-result':
      return { type: part.type, callId: numberOf(part.callId, calls), content: partsOf(part.content, calls) }
    default:
      return part
  }
}

function numberOf(callId: string, calls: Map<string, string>): string {
  const known = calls.get(callId) ?? `call ${calls.size + 1}`
  calls.set(callId, known)
  return known
}

/** The value with the fields of its objects in one order, without those that are undefined. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)] as const),
  )
}
