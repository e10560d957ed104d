import type { AnyStreamEvent } from '@promptlab/contract'
import fc from 'fast-check'
import { Answer } from '../../src/jobs/answer/answer.ts'
import { type Piece, partTypeOf, textOf } from '../../src/jobs/answer/piece.ts'

/** Text of any code units: also halves of surrogate pairs, NUL and line separators. */
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }),
  fc.constantFrom('\ud83d', '\ude00', '\0', '\u2028', '\u0010', 'a'.repeat(200)),
)
const carry = fc.option(fc.constantFrom<string | null | { sig: string }>('sig', null, { sig: 'x' }), {
  nil: undefined,
  freq: 6,
})

const stretch: fc.Arbitrary<Piece[]> = fc.oneof(
  { weight: 3, arbitrary: fc.array<Piece>(text, { minLength: 1, maxLength: 4 }) },
  fc
    .tuple(fc.constantFrom('text', 'reasoning', 'refusal'), fc.array(text, { maxLength: 4 }), carry)
    .map(([type, texts, given]) => {
      const pieces: Piece[] = texts.map((each) => ({ type, text: each }))
      // A carry comes by itself, so a part may be nothing but a carry.
      if (given !== undefined) pieces.push({ type, text: '', carry: given })
      return pieces
    }),
  fc
    .tuple(fc.uuid(), fc.array(text, { maxLength: 4 }), carry)
    .map(([callId, texts, given]): Piece[] => [
      { type: 'tool-call', callId, name: 'tool' },
      ...texts.map((each): Piece => ({ type: 'tool-arguments', text: each })),
      { type: 'tool-call-end', ...(given !== undefined && { carry: given }) },
    ]),
)

/** The pieces of an answer: parts of all kinds, in any order. The last call may be cut off. */
export const randomPieces: fc.Arbitrary<Piece[]> = fc
  .tuple(fc.array(stretch, { maxLength: 7 }), fc.nat({ max: 3 }))
  .map(([stretches, cut]) => {
    const pieces = stretches.flat()
    return pieces.slice(0, Math.max(0, pieces.length - cut))
  })

export interface PlacedPieces {
  readonly answer: Answer
  readonly placed: readonly { readonly piece: Piece; readonly place: number; readonly part: number }[]
}

/** Puts pieces behind each other, as a run does. */
export function answerOf(pieces: readonly Piece[]): PlacedPieces {
  const answer = new Answer()
  const placed = pieces.map((piece, index) => {
    const place = answer.length
    return { piece, place, part: answer.append(piece, index * 7.3) }
  })
  return { answer, placed }
}

/** What stands at each place of an answer, in words. */
export function unitsOf(pieces: readonly Piece[]): string[] {
  let callArguments = ''
  return pieces.flatMap((piece) => {
    if (typeof piece !== 'string' && piece.type === 'tool-call') {
      callArguments = ''
      return [`call ${piece.callId} ${piece.name}`]
    }
    if (typeof piece !== 'string' && piece.type === 'tool-call-end') return [`end ${callArguments}`]
    const type = partTypeOf(piece)
    if (type === 'tool-call') callArguments += textOf(piece)
    return textOf(piece)
      .split('')
      .map((unit) => `${type} ${unit}`)
  })
}

/** The text among the units of an answer. */
export function textOfUnits(units: readonly string[]): string {
  return units.flatMap((unit) => (unit.startsWith('text ') ? unit.slice('text '.length) : [])).join('')
}

/** What events of any view say stands at each place. */
export function unitsOfEvents(events: readonly AnyStreamEvent[]): string[] {
  return events.flatMap(({ event, data }) => {
    const units = 'token' in data ? data.token.split('') : []
    switch (event) {
      case 'token':
        return units.map((unit) => `text ${unit}`)
      case 'reasoning':
      case 'refusal':
        return units.map((unit) => `${event} ${unit}`)
      case 'tool-arguments':
        return units.map((unit) => `tool-call ${unit}`)
      case 'tool-call':
        return 'name' in data ? [`call ${data.callId} ${data.name}`] : []
      case 'tool-call-end':
        return 'arguments' in data ? [`end ${data.arguments}`] : []
      default:
        return []
    }
  })
}
