/**
 * The escape character of stored text, U+0010 ("data link escape").
 *
 * Two things cannot be stored as they are: NUL in PostgreSQL, and half of a surrogate pair in UTF-8. A caller may send such
 * a half, and a vendor may cut its text inside a pair. Each of these code units is written as the escape character and four
 * hexadecimal digits, and so is the escape character itself. All other text is unchanged. Pieces that are encoded one by one
 * and then joined decode to the joined text.
 */
const ESCAPE = '\u0010'

/** The most characters that one UTF-16 code unit is written as: the escape and its digits. */
export const STORABLE_UNIT_LENGTH = 5

const UNSTORABLE = new RegExp(`[\\0${ESCAPE}]|\\p{Surrogate}`, 'gu')
const ESCAPED = new RegExp(`${ESCAPE}([0-9a-f]{4})`, 'g')

/** Encodes a text so that both databases can store it. */
export function toStorable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0') && !text.includes(ESCAPE)) return text
  return text.replace(UNSTORABLE, (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** Decodes what `toStorable` encoded. */
export function fromStorable(stored: string): string {
  if (!stored.includes(ESCAPE)) return stored
  return stored.replace(ESCAPED, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
