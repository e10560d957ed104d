import { FinalEvent } from '@promptlab/contract'
import { z } from 'zod'
import type { PlacedPiece } from '../jobs/answer/placed-piece.ts'

/**
 * A message between processes about a job's answer: consecutive pieces and where they begin, the end of the answer, or a
 * later run. The end has the length of the whole text, if the process that ended the job knows it, and the final event.
 */
export type LogMessage =
  | { readonly place: number; readonly textLength: number; readonly pieces: readonly PlacedPiece[] }
  | { readonly endsAt: number | undefined; readonly final: FinalEvent | undefined }
  | { readonly cutAt: number; readonly run: number }

/**
 * Encodes text pieces of an answer that is only text as `START["TOKEN",…]`. Processes of every version read it.
 * @param start the place where the first piece begins, in UTF-16 code units
 */
export function encodeTokens(start: number, tokens: readonly string[]): string {
  return `${start}${JSON.stringify(tokens)}`
}

const PIECES_MARK = 'pieces'

/**
 * Encodes pieces of any kind. Processes of versions before ignore them, and show the text of the record when the job has
 * ended.
 * @param place where the first piece begins
 * @param textLength the length of the text before it, in UTF-16 code units
 * @param pieces perhaps none: then the message only tells how long the answer is
 */
export function encodePieces(place: number, textLength: number, pieces: readonly PlacedPiece[]): string {
  return PIECES_MARK + JSON.stringify([place, textLength, ...groupsOf(pieces)])
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
 * A later run begins: what lies behind a place is void. Processes of earlier versions ignore this message.
 * @param place in the answer
 */
export function encodeCut(place: number, run: number): string {
  return `${CUT_MARK}${place}:${run}`
}

/** @returns undefined if the text is no message that this version knows */
export function decodeMessage(text: string): LogMessage | undefined {
  if (text.startsWith(PIECES_MARK)) return decodePieces(text.slice(PIECES_MARK.length))
  if (text.startsWith(END_MARK)) {
    const split = text.indexOf('{')
    const length = text.slice(END_MARK.length, split < 0 ? undefined : split)
    const final = split < 0 ? undefined : FinalEvent.safeParse(parsed(text.slice(split))).data
    return { endsAt: length === '' ? undefined : Number(length), final }
  }
  const [, cutAt, run] = /^cut(\d+):(\d+)$/.exec(text) ?? []
  if (cutAt !== undefined) return { cutAt: Number(cutAt), run: Number(run) }
  return decodeTokens(text)
}

function decodeTokens(text: string): LogMessage | undefined {
  const split = text.indexOf('[')
  if (split <= 0) return undefined
  const start = Number(text.slice(0, split))
  const tokens = Tokens.safeParse(parsed(text.slice(split))).data
  if (!Number.isSafeInteger(start) || !tokens) return undefined
  return { place: start, textLength: start, pieces: tokens.map((piece) => ({ piece, part: 0 })) }
}

const Tokens = z.array(z.string())
const partIndex = z.int().nonnegative()

/**
 * Consecutive pieces of one kind: the index of their part, the kind, and the pieces. Each of the texts is one piece, and
 * the carry belongs to the last of them.
 */
const Group = z.union([
  z.tuple([partIndex, z.enum(['text', 'reasoning', 'refusal']), Tokens, z.json().optional()]),
  z.tuple([partIndex, z.literal('tool-call'), z.string(), z.string()]),
  z.tuple([partIndex, z.literal('tool-arguments'), Tokens]),
  z.tuple([partIndex, z.literal('tool-call-end'), z.json().optional()]),
])
type Group = z.infer<typeof Group>
const Pieces = z.tuple([z.int().nonnegative(), z.int().nonnegative()], Group)

function decodePieces(json: string): LogMessage | undefined {
  const { data } = Pieces.safeParse(parsed(json))
  if (!data) return undefined
  const [place, textLength, ...groups] = data
  return { place, textLength, pieces: groups.flatMap(piecesOf) }
}

function groupsOf(pieces: readonly PlacedPiece[]): Group[] {
  const groups: Group[] = []
  for (const placed of pieces) {
    const last = groups.at(-1)
    if (!(last && joins(last, placed))) groups.push(groupOf(placed))
  }
  return groups
}

/** Adds a piece to a group, if the piece is of its kind. */
function joins(group: Group, { piece, part }: PlacedPiece): boolean {
  const [ofPart, kind] = group
  const type = typeof piece === 'string' ? 'text' : piece.type
  if (ofPart !== part || kind !== type || kind === 'tool-call' || kind === 'tool-call-end') return false
  if (typeof piece !== 'string' && !('text' in piece)) return false
  group[2].push(typeof piece === 'string' ? piece : piece.text)
  if (typeof piece !== 'string' && 'carry' in piece && piece.carry !== undefined && kind !== 'tool-arguments')
    group[3] = piece.carry
  return true
}

function groupOf({ piece, part }: PlacedPiece): Group {
  if (typeof piece === 'string') return [part, 'text', [piece]]
  switch (piece.type) {
    case 'tool-call':
      return [part, piece.type, piece.callId, piece.name]
    case 'tool-arguments':
      return [part, piece.type, [piece.text]]
    case 'tool-call-end':
      return piece.carry === undefined ? [part, piece.type] : [part, piece.type, piece.carry]
    default:
      return piece.carry === undefined
        ? [part, piece.type, [piece.text]]
        : [part, piece.type, [piece.text], piece.carry]
  }
}

function piecesOf(group: Group): PlacedPiece[] {
  const part = group[0]
  switch (group[1]) {
    case 'tool-call':
      return [{ part, piece: { type: group[1], callId: group[2], name: group[3] } }]
    case 'tool-call-end': {
      const carry = group[2]
      return [{ part, piece: { type: group[1], ...(carry !== undefined && { carry }) } }]
    }
    case 'tool-arguments':
      return group[2].map((text) => ({ part, piece: { type: group[1], text } }))
    default: {
      const [, type, texts, carry] = group
      const last = texts.length - 1
      return texts.map((text, index) => ({
        part,
        piece: { type, text, ...(carry !== undefined && index === last && { carry }) },
      }))
    }
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
