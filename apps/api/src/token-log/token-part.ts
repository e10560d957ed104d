import { FinalEvent } from '@promptlab/contract'

/**
 * A message between processes about a job's text: consecutive tokens and the place where they begin, or the end of the text.
 * The end has the length of the whole text, if the process that ended the job knows it, and the final event.
 */
export type TokenPart =
  | { readonly start: number; readonly tokens: readonly string[] }
  | { readonly endsAt: number | undefined; readonly final: FinalEvent | undefined }
  | { readonly cutAt: number; readonly run: number }

/**
 * Encodes tokens as `START["TOKEN",…]`.
 * @param start the place where the first token begins, in UTF-16 code units
 */
export function encodePart(start: number, tokens: readonly string[]): string {
  return `${start}${JSON.stringify(tokens)}`
}

/** An encoded end begins with this. */
export const END_MARK = 'end'

/**
 * Encodes the end as `endLENGTH{FINAL}`. Both the length and the final event may be missing.
 * @param length of the whole text, in UTF-16 code units
 */
export function encodeEnd(length: number | undefined, final?: FinalEvent): string {
  return `${END_MARK}${length ?? ''}${final ? JSON.stringify(final) : ''}`
}

const CUT_MARK = 'cut'

/**
 * A later run begins: the text behind a place is void. Processes of earlier versions ignore this part.
 * @param place in UTF-16 code units
 */
export function encodeCut(place: number, run: number): string {
  return `${CUT_MARK}${place}:${run}`
}

/** @returns undefined if the text is no part that this version knows */
export function decodePart(text: string): TokenPart | undefined {
  if (text.startsWith(END_MARK)) {
    const split = text.indexOf('{')
    const length = text.slice(END_MARK.length, split < 0 ? undefined : split)
    const final = split < 0 ? undefined : FinalEvent.safeParse(parsed(text.slice(split))).data
    return { endsAt: length === '' ? undefined : Number(length), final }
  }
  const [, cutAt, run] = /^cut(\d+):(\d+)$/.exec(text) ?? []
  if (cutAt !== undefined) return { cutAt: Number(cutAt), run: Number(run) }
  const split = text.indexOf('[')
  if (split <= 0) return undefined
  const start = Number(text.slice(0, split))
  const tokens = parseTokens(text.slice(split))
  return Number.isSafeInteger(start) && tokens ? { start, tokens } : undefined
}

function parseTokens(json: string): string[] | undefined {
  const value = parsed(json)
  return Array.isArray(value) && value.every((token) => typeof token === 'string') ? value : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
