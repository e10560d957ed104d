/**
 * What processes tell each other of a job's text: some tokens in a row and where they begin, or that it has ended,
 * and at which length, where the one who ended it knows.
 */
export type TokenPart =
  | { readonly start: number; readonly tokens: readonly string[] }
  | { readonly endsAt: number | undefined }

/** @param start how much text there is before the tokens, in UTF-16 code units */
export function encodePart(start: number, tokens: readonly string[]): string {
  return `${start}${JSON.stringify(tokens)}`
}

/** What the end of a text begins with, as it is sent. */
export const END_MARK = 'end'

/** @param length of the whole text, in UTF-16 code units */
export function encodeEnd(length: number | undefined): string {
  return `${END_MARK}${length ?? ''}`
}

/** @returns undefined if it is nothing that was encoded here, such as what a later version has to say */
export function decodePart(text: string): TokenPart | undefined {
  if (text.startsWith(END_MARK)) {
    const length = text.slice(END_MARK.length)
    return { endsAt: length === '' ? undefined : Number(length) }
  }
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
