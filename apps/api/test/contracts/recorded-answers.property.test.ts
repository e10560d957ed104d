import { Fixture } from '@promptlab/contract'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isNothing, type Piece, partTypeOf } from '../../src/jobs/answer/piece.ts'
import { decodeTape, entriesOf } from '../../src/jobs/answer/tape.ts'
import { recordedAnswer } from '../../src/jobs/fixture/recorded-answer.ts'
import { answerOf, randomPieces } from '../support/random-answer.ts'

/** A piece as fixtures have it. */
function asRecorded(piece: Piece): object {
  return typeof piece === 'string' ? { type: 'text', text: piece } : piece
}

/** Pieces of which some carries come with the text before them. */
const pieces = fc.tuple(randomPieces, fc.infiniteStream(fc.boolean())).map(([all, merges]) => {
  const merged: Piece[] = []
  for (const piece of all.filter((each) => !isNothing(each))) {
    const before = merged.at(-1)
    if (before !== undefined && isCarry(piece) && isOpenText(before, piece) && merges.next().value)
      merged.splice(-1, 1, { ...piece, text: typeof before === 'string' ? before : before.text })
    else merged.push(piece)
  }
  return merged
})

type TextPiece = Extract<Piece, { type: 'text' | 'reasoning' | 'refusal' }>

function isCarry(piece: Piece): piece is TextPiece {
  return typeof piece !== 'string' && 'carry' in piece && 'text' in piece && piece.text === ''
}

function isOpenText(before: Piece, piece: TextPiece): before is string | TextPiece {
  const carries = typeof before !== 'string' && 'carry' in before && before.carry !== undefined
  return partTypeOf(before) === piece.type && !carries
}

it('the pieces of a fixture are exactly those that came, with their times and what their vendor wants back', () => {
  fc.assert(
    fc.property(pieces, (said) => {
      const stored = answerOf(said).answer.stored
      const recorded = recordedAnswer(stored)
      expect(recorded.pieces.map(({ afterMs: _, ...piece }) => piece)).toEqual(said.map(asRecorded))
      const times = [...entriesOf(decodeTape(stored.tape ?? ''))].map(({ ms }) => ms)
      expect(recorded.pieces.map(({ afterMs }) => afterMs)).toEqual(times)
      const fixture = {
        version: 1,
        request: { provider: 'a', model: 'b', prompt: '' },
        answer: recorded.pieces,
        end: { afterMs: 1 },
      }
      expect(Fixture.parse(JSON.parse(JSON.stringify(fixture)))).toEqual(fixture)
    }),
    { numRuns: 500 },
  )
})

it('a fixture has the whole answer of a record without a tape, or with a part of one', () => {
  fc.assert(
    fc.property(pieces, fc.nat({ max: 3 }), (said, count) => {
      const { tape = '', ...stored } = answerOf(said).answer.stored
      const cut = count === 0 ? {} : { tape: tape.slice(0, 4 * count) }
      const again = recordedAnswer({ ...stored, ...cut }).pieces.map(({ afterMs: _, ...piece }): Piece => piece)
      expect({ ...answerOf(again).answer.stored, tape }).toEqual({ ...stored, tape })
    }),
  )
})
