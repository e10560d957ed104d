/** JSON does not escape these characters, and some readers split lines at them, such as Python's. */
const LINE_SEPARATOR = /[\u0085\u2028\u2029]/
const LINE_SEPARATORS = new RegExp(LINE_SEPARATOR, 'g')

/** A value as JSON, without any character that a reader could take for the end of a line. */
export function oneLineJson(value: object | string): string {
  const json = JSON.stringify(value)
  // Hardly any token has one of them, and a search costs less than a replacement.
  return LINE_SEPARATOR.test(json) ? json.replace(LINE_SEPARATORS, escaped) : json
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
