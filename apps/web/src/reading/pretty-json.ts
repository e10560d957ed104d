const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g
const INDENT = '  '

/**
 * JSON text with a line for each entry. Texts and numbers stay as they are written: parsing would round long numbers.
 * A text that is not JSON is returned unchanged.
 */
export function prettyJson(json: string): string {
  if (!isJson(json)) return json
  const tokens = json.match(TOKEN) ?? []
  let depth = 0
  let pretty = ''
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1] ?? ''
    if (/^[}\]]$/.test(token)) depth--
    const isEmpty = `${before}${token}` === '{}' || `${before}${token}` === '[]'
    if (!isEmpty && (/^[[{,]$/.test(before) || /^[}\]]$/.test(token))) pretty += `\n${INDENT.repeat(depth)}`
    pretty += token === ':' ? ': ' : token
    if (/^[{[]$/.test(token)) depth++
  }
  return pretty
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
