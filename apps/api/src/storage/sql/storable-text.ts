/**
 * PostgreSQL text cannot hold NUL, and UTF-8 cannot encode half of a surrogate pair, which a vendor may cut a text at and
 * a caller may send. Each such code unit is written as U+0010 ("data link escape") and its four hexadecimal digits, and so
 * is U+0010 itself. All other text is written as it is. Pieces that are written one by one read back as one text.
 */
const ESCAPE = '\u0010'

/** The most characters that one UTF-16 code unit is written as: the escape and its digits. */
export const STORABLE_UNIT_LENGTH = 5

const UNSTORABLE = new RegExp(`[\\0${ESCAPE}]|\\p{Surrogate}`, 'gu')
const ESCAPED = new RegExp(`${ESCAPE}([0-9a-f]{4})`, 'g')

export function toStorable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0') && !text.includes(ESCAPE)) return text
  return text.replace(UNSTORABLE, (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

export function fromStorable(stored: string): string {
  if (!stored.includes(ESCAPE)) return stored
  return stored.replace(ESCAPED, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
