const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125]

/** Whether a JSON text nests lists and objects more deeply than a limit. The text is not parsed and need not be valid. */
export function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = endOfString(text, index)
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth++
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--
    if (depth > limit) return true
  }
  return false
}

/** Whether a JSON text has more elements of lists and fields of objects than a limit. The text need not be valid. */
export function hasMoreValuesThan(limit: number, text: string): boolean {
  // A value takes two characters at least. Hardly any body is so long that it has to be searched.
  if (text.length < 2 * limit) return false
  let values = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = endOfString(text, index)
    else if (code === COMMA || code === OPEN_LIST || code === OPEN_OBJECT) values++
    if (values > limit) return true
  }
  return false
}

/** The index of the quote that ends a string. Long prompts are skipped at the speed of `indexOf`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}
