import { z } from 'zod'
import { decodeTape, encodeTape, firstEntries, joinTapes } from './tape.ts'

/** What the vendor wants back in the next turn. It is stored as it came. */
const carry = z.json().optional()

/** A part of an answer, as records hold it. The text of a text part is in `result`, so only its length is stored. */
export const StoredPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), length: z.int().nonnegative(), carry }),
  z.object({ type: z.literal('reasoning'), text: z.string(), carry }),
  z.object({ type: z.literal('refusal'), text: z.string(), carry }),
  z.object({
    type: z.literal('tool-call'),
    callId: z.string(),
    name: z.string(),
    arguments: z.string(),
    /** Whether the call is complete. */
    ended: z.literal(true).optional(),
    carry,
  }),
])
export type StoredPart = z.infer<typeof StoredPart>

/** An answer, as records hold it. */
export interface StoredAnswer {
  /** The text. */
  readonly result: string
  /** All parts. Undefined if the answer is one text, without anything that its vendor wants back. */
  readonly parts?: readonly StoredPart[] | undefined
  /** The tape in base64. Undefined in records of older versions. */
  readonly tape?: string | undefined
}

/** What a part has grown by: its fields hold what was added. A part that begins has all of its fields. */
export const PartGrowth = z.object({ part: z.int().nonnegative(), added: StoredPart })
export type PartGrowth = z.infer<typeof PartGrowth>

/** What was added to an answer since it was last stored. */
export interface AnswerGrowth {
  /** The place where the growth begins. */
  readonly place: number
  /** The length of the text before the growth, in UTF-16 code units. */
  readonly textLength: number
  /** The number of pieces before the growth. It is another one for each growth of an answer. */
  readonly pieceCount: number
  /** The number of parts before the growth. The last of them may grow. */
  readonly partCount: number
  /** What was added to the text. */
  readonly text: string
  /** What was added to each part. Undefined if the answer is one text until here. */
  readonly parts?: readonly PartGrowth[] | undefined
  /** The tape of the pieces that were added. */
  readonly tape: Uint8Array
}

/** The places that a part takes. */
export function partLength(part: StoredPart): number {
  switch (part.type) {
    case 'text':
      return part.length
    case 'tool-call':
      return 1 + part.arguments.length + (part.ended ? 1 : 0)
    default:
      return part.text.length
  }
}

/**
 * The text of a part; the arguments of a tool call.
 * @param result the text of the answer
 * @param textEnd where the part ends in it, if it is text
 */
export function textOfPart(stored: StoredPart, result: string, textEnd: number): string {
  switch (stored.type) {
    case 'text':
      return result.slice(textEnd - stored.length, textEnd)
    case 'tool-call':
      return stored.arguments
    default:
      return stored.text
  }
}

/** The places that an answer takes. */
export function answerLength({ result, parts }: StoredAnswer): number {
  return parts ? parts.reduce((length, part) => length + partLength(part), 0) : result.length
}

/**
 * The answer with its growth. What the answer has behind the beginning of the growth is cut off first, so that a growth may
 * be applied twice.
 */
export function grow(answer: StoredAnswer, growth: AnswerGrowth): StoredAnswer {
  const { place, textLength, pieceCount, partCount, text, tape } = growth
  const result = answer.result.slice(0, textLength) + text
  const hasParts = answer.parts !== undefined || growth.parts !== undefined
  const parts = hasParts
    ? grownParts(cutParts(partsOf(answer), partCount, place), growth.parts ?? [textGrowth(growth)])
    : undefined
  const before = firstEntries(decodeTape(answer.tape ?? ''), pieceCount)
  return { result, ...(parts && { parts }), tape: encodeTape(Buffer.concat([before, tape])) }
}

/**
 * The same as `grow`, for an answer that ends exactly where the growth begins. It does not read what is there, so it costs
 * what the growth does.
 */
export function append(answer: StoredAnswer, growth: AnswerGrowth): StoredAnswer {
  const { result } = answer
  const hasParts = answer.parts !== undefined || growth.parts !== undefined
  const parts = hasParts && grownParts([...partsOf(answer)], growth.parts ?? [textGrowth(growth)])
  const tape = joinTapes(answer.tape ?? '', growth.tape)
  return { result: result + growth.text, ...(parts && { parts }), tape }
}

/** The parts of an answer, also where the record does not list them. */
export function partsOf({ result, parts }: StoredAnswer): readonly StoredPart[] {
  if (parts) return parts
  return result === '' ? [] : [{ type: 'text', length: result.length }]
}

function textGrowth({ text }: AnswerGrowth): PartGrowth {
  return { part: 0, added: { type: 'text', length: text.length } }
}

function cutParts(parts: readonly StoredPart[], count: number, place: number): StoredPart[] {
  const kept = parts.slice(0, count)
  const last = kept.pop()
  if (!last) return []
  const start = kept.reduce((length, part) => length + partLength(part), 0)
  return [...kept, cutPart(last, place - start)]
}

function cutPart(part: StoredPart, length: number): StoredPart {
  if (partLength(part) <= length) return part
  switch (part.type) {
    case 'text':
      return { ...part, length }
    case 'tool-call': {
      const { ended: _, ...open } = part
      return { ...open, arguments: part.arguments.slice(0, length - 1) }
    }
    default:
      return { ...part, text: part.text.slice(0, length) }
  }
}

function grownParts(parts: StoredPart[], growth: readonly PartGrowth[]): StoredPart[] {
  for (const { part, added } of growth) {
    const before = parts[part]
    parts[part] = before ? grownPart(before, added) : added
  }
  return parts
}

function grownPart(part: StoredPart, added: StoredPart): StoredPart {
  const carried = added.carry !== undefined && { carry: added.carry }
  if (part.type === 'text' && added.type === 'text') return { ...part, length: part.length + added.length, ...carried }
  if (part.type === 'tool-call' && added.type === 'tool-call') {
    return {
      ...part,
      arguments: part.arguments + added.arguments,
      ...(added.ended && { ended: added.ended }),
      ...carried,
    }
  }
  if ('text' in part && 'text' in added && part.type === added.type)
    return { ...part, text: part.text + added.text, ...carried }
  throw new Error(`A part of the answer is ${part.type}, and its growth is ${added.type}`)
}
