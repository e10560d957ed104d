import { partLength, partsOf, type StoredAnswer, type StoredPart, textOfPart } from './stored-answer.ts'

/**
 * What an answer says before a place, as an answer of its own without a tape. A part that the place cuts loses what its vendor
 * wants back with it, and signed reasoning is left out then: its vendor takes it whole or not at all. A tool call that is cut has
 * not ended.
 * @param place not inside a surrogate pair, see `wholePlace`
 */
export function answerUpTo(answer: StoredAnswer, place: number): StoredAnswer {
  const parts: StoredPart[] = []
  let textLength = 0
  let start = 0
  for (const part of place === 0 ? [] : partsOf(answer)) {
    const length = partLength(part)
    // A part of no length at the place itself is whole: it has what the vendor wants back with the part before.
    if (start > place || (start === place && length > 0)) break
    const kept = partUpTo(part, place - start)
    if (kept) parts.push(kept)
    if (kept?.type === 'text') textLength += kept.length
    start += length
  }
  return { result: answer.result.slice(0, textLength), parts }
}

function partUpTo(part: StoredPart, length: number): StoredPart | undefined {
  if (partLength(part) <= length) return part
  switch (part.type) {
    case 'text':
      return { type: part.type, length }
    case 'tool-call': {
      const { type, callId, name } = part
      return { type, callId, name, arguments: part.arguments.slice(0, length - 1) }
    }
    case 'reasoning':
      return part.carry === undefined ? { type: part.type, text: part.text.slice(0, length) } : undefined
    case 'refusal':
      return { type: part.type, text: part.text.slice(0, length) }
  }
}

/** The place itself, or the one before it if the place is inside a surrogate pair. */
export function wholePlace(answer: StoredAnswer, place: number): number {
  let textEnd = 0
  let start = 0
  for (const part of partsOf(answer)) {
    if (part.type === 'text') textEnd += part.length
    const end = start + partLength(part)
    if (place < end)
      return isInPair(textOfPart(part, answer.result, textEnd), place - start - openingOf(part)) ? place - 1 : place
    start = end
  }
  return place
}

/** The places before the text of a part. */
function openingOf({ type }: StoredPart): number {
  return type === 'tool-call' ? 1 : 0
}

/** Whether a pair of surrogates lies around an index. */
function isInPair(text: string, index: number): boolean {
  return index > 0 && (text.codePointAt(index - 1) ?? 0) > 0xffff
}

/**
 * The first place with so much text before it, in UTF-16 code units. Undefined: there is not so much text.
 */
export function placeOfText(answer: StoredAnswer, textLength: number): number | undefined {
  if (textLength === 0) return 0
  let left = textLength
  let start = 0
  for (const part of partsOf(answer)) {
    if (part.type === 'text' && left <= part.length) return start + left
    if (part.type === 'text') left -= part.length
    start += partLength(part)
  }
  return undefined
}
