import type { Message } from '../message.ts'
import { valueAt } from '../value-at.ts'

/** The string at a path inside a request. Undefined if there is none. */
export function textAt(data: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(data, ...path)
  return typeof value === 'string' ? value : undefined
}

/** The number at a path inside a request. Undefined if there is none. */
export function numberAt(data: unknown, ...path: readonly (string | number)[]): number | undefined {
  const value = valueAt(data, ...path)
  return typeof value === 'number' ? value : undefined
}

/** The items of a list at a path inside a request. Empty if there is none. */
export function itemsAt(data: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(data, ...path)
  return Array.isArray(value) ? value : []
}

/** The messages, unless they are only a prompt, with or without a system text. */
export function conversationOf(messages: readonly Message[]): readonly Message[] | undefined {
  const [first, second] = messages.filter(({ role }, index) => index > 0 || role !== 'system')
  return second === undefined && first?.role === 'user' && first.content.length === 1 ? undefined : messages
}
