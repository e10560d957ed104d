import type { Token } from 'marked'

/**
 * Whether two tokens at one place look the same. The end of a growing text is parsed again and again, so equal tokens may be different
 * objects. A text with a bracket may hold a link that has been defined since.
 */
export function isSameToken(before: Token, after: Token): boolean {
  return before === after || (before.type === after.type && before.raw === after.raw && !after.raw.includes('['))
}
