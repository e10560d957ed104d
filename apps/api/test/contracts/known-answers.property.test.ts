import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Answer, NOTHING } from '../../src/jobs/answer/answer.ts'
import { KnownAnswer, OtherAnswerError } from '../../src/jobs/answer/known-answer.ts'
import { isNothing, type Piece, textOf } from '../../src/jobs/answer/piece.ts'
import { append, type StoredAnswer } from '../../src/jobs/answer/stored-answer.ts'
import { storedPieces } from '../../src/jobs/answer/stored-pieces.ts'
import { FULL_VIEW } from '../../src/jobs/views/full-view.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { answerOf, randomPieces, unitsOf, unitsOfEvents } from '../support/random-answer.ts'
import { cases } from '../support/rounds.ts'

/** An answer, the number of pieces that were known, and a number by which its text is cut anew. */
const joined = fc.tuple(randomPieces, fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }))

describe('a run that is read again from its beginning', () => {
  it('gives exactly what was not known, however its text is cut', () => {
    fc.assert(
      fc.property(joined, ([given, count, size]) => {
        const pieces = given.filter((piece) => !isNothing(piece))
        const known = answerOf(pieces.slice(0, count)).answer
        const reader = new KnownAnswer(known.stored)
        const answer = new Answer(known.stored)
        for (const piece of cutAnew(pieces, size)) {
          const news = reader.take(piece)
          if (news !== undefined && !isNothing(news)) answer.append(news, 0)
        }
        reader.end()
        expect(contentOf(answer.stored)).toEqual(contentOf(answerOf(pieces).answer.stored))
      }),
      cases(500),
    )
  })

  it('is refused if it ends before what was known', () => {
    fc.assert(
      fc.property(randomPieces, fc.nat({ max: 40 }), (given, count) => {
        const pieces = given.filter((piece) => !isNothing(piece))
        const short = pieces.slice(0, count)
        if (unitsOf(short).length === unitsOf(pieces).length) return
        const reader = new KnownAnswer(answerOf(pieces).answer.stored)
        for (const piece of short) expect(reader.take(piece)).toBeUndefined()
        expect(() => reader.end()).toThrow(OtherAnswerError)
      }),
      cases(300),
    )
  })

  it.each<[string, Piece[], Piece[]]>([
    ['another text', ['Once ', 'upon'], ['Once ', 'more']],
    ['another kind of part', ['Once'], [{ type: 'reasoning', text: 'Once' }]],
    ['another call', [call('a', 'look')], [call('b', 'look')]],
    ['another function', [call('a', 'look')], [call('a', 'see')]],
    ['arguments without a call', [call('a', 'look'), args('{}')], [args('{}')]],
    ['an earlier end of a call', [call('a', 'look'), args('{}')], [call('a', 'look'), { type: 'tool-call-end' }]],
    [
      'more in a part that was closed',
      [call('a', 'look'), args('{}'), { type: 'tool-call-end' }],
      [call('a', 'look'), args('{}{')],
    ],
    ['more in a part before the last', ['Once', { type: 'refusal', text: 'No' }], ['Once upon']],
  ])('is refused if it says %s', (_, known, again) => {
    const reader = new KnownAnswer(answerOf(known).answer.stored)
    expect(() => {
      for (const piece of again) reader.take(piece)
    }).toThrow(OtherAnswerError)
  })

  it('may leave out what its vendor wants back', () => {
    const known: Piece[] = [{ type: 'reasoning', text: 'Hm', carry: 'signed' }, 'Once']
    const reader = new KnownAnswer(answerOf(known).answer.stored)
    expect(reader.take({ type: 'reasoning', text: 'Hm' })).toBeUndefined()
    expect(reader.take('Once upon')).toBe(' upon')
    expect(() => reader.end()).not.toThrow()
  })
})

describe('an answer that a later run goes on with', () => {
  it('has the same parts, tape and growth as one that was never interrupted', () => {
    fc.assert(
      fc.property(randomPieces, fc.nat({ max: 40 }), (pieces, count) => {
        const whole = new Answer()
        const first = new Answer()
        for (const [index, piece] of pieces.entries()) {
          whole.append(piece, index * 7.3)
          if (index < count) first.append(piece, index * 7.3)
        }
        const later = new Answer(first.stored)
        expect(later.mark).toEqual(first.mark)
        expect(later.unseenLength).toBe(first.unseenLength)
        const mark = later.mark
        for (const [index, piece] of pieces.entries()) if (index >= count) later.append(piece, index * 7.3)
        expect(later.stored).toEqual(whole.stored)
        expect(append(first.stored, later.growthSince(mark))).toEqual(whole.stored)
        expect(append({ result: '' }, later.growthSince(NOTHING))).toEqual(whole.stored)
      }),
      cases(500),
    )
  })

  it('is said again to a log that is empty, with what its vendor wants back', () => {
    fc.assert(
      fc.property(randomPieces, (pieces) => {
        const { answer } = answerOf(pieces)
        const log = new MemoryTokenLog()
        const again = new Answer()
        for (const { piece, place, part } of storedPieces(answer.stored)) {
          expect(place).toBe(again.length)
          expect(again.append(piece, 0)).toBe(part)
          log.append('job', piece, place, part, 2)
        }
        expect(unitsOf([...storedPieces(answer.stored)].map(({ piece }) => piece))).toEqual(unitsOf(pieces))
        const reader = log.attach('job', FULL_VIEW, 0, { onReady: () => {}, onIdle: () => {} })
        expect(unitsOfEvents(reader.read())).toEqual(unitsOf(pieces))
      }),
      cases(300),
    )
  })
})

function call(callId: string, name: string): Piece {
  return { type: 'tool-call', callId, name }
}

function args(text: string): Piece {
  return { type: 'tool-arguments', text }
}

/** The same answer with its text in pieces of so many code units. */
function* cutAnew(pieces: readonly Piece[], size: number): Generator<Piece> {
  for (const piece of joinedTexts(pieces)) {
    const text = textOf(piece)
    if (text === '') yield piece
    for (let at = 0; at < text.length; at += size) {
      const cut = text.slice(at, at + size)
      yield at + size < text.length ? withoutCarry(piece, cut) : withText(piece, cut)
    }
  }
}

function withText(piece: Piece, text: string): Piece {
  if (typeof piece === 'string') return text
  return 'text' in piece ? { ...piece, text } : piece
}

function withoutCarry(piece: Piece, text: string): Piece {
  if (typeof piece === 'string' || piece.type === 'tool-arguments' || !('text' in piece)) return withText(piece, text)
  return { type: piece.type, text }
}

/** Adjacent texts of one kind as one piece. */
function joinedTexts(pieces: readonly Piece[]): Piece[] {
  const texts: Piece[] = []
  for (const piece of pieces) {
    const last = texts.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') texts[texts.length - 1] = last + piece
    else texts.push(piece)
  }
  return texts
}

/** Everything but where its pieces begin. */
function contentOf({ result, parts }: StoredAnswer): StoredAnswer {
  return { result, parts }
}
