/** Some tokens of a job's text in a row, and where they begin; or its end. It is what processes tell each other. */
export type TokenPart = { readonly start: number; readonly tokens: readonly string[] } | 'end'

/** The end of a text, as it is sent. */
export const END_PART = 'end'

/** @param start how much text there is before the tokens, in UTF-16 code units */
export function encodePart(start: number, tokens: readonly string[]): string {
  return `${start}${JSON.stringify(tokens)}`
}

/** @returns undefined if it is none that `encodePart` made, such as one of a later version */
export function decodePart(text: string): TokenPart | undefined {
  if (text === END_PART) return 'end'
  const split = text.indexOf('[')
  if (split <= 0) return undefined
  const start = Number(text.slice(0, split))
  const tokens = parseTokens(text.slice(split))
  return Number.isSafeInteger(start) && tokens ? { start, tokens } : undefined
}

function parseTokens(json: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) && value.every((token) => typeof token === 'string') ? value : undefined
  } catch {
    return undefined
  }
}
