import { describe, expect, it } from 'vitest'
import { answerUpTo, placeOfText, wholePlace } from './answer-up-to.ts'
import type { StoredAnswer } from './stored-answer.ts'

/** Its places: 0 to 2 reasoning, 2 to 5 text, 5 to 9 the call, 9 to 11 text. */
const ANSWER: StoredAnswer = {
  result: 'abcde',
  parts: [
    { type: 'reasoning', text: 'Hm', carry: 'r' },
    { type: 'text', length: 3, carry: 't' },
    { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}', ended: true, carry: 'c' },
    { type: 'text', length: 0, carry: 'e' },
    { type: 'text', length: 2 },
  ],
}
const [REASONING, TEXT, CALL, EMPTY, END] = ANSWER.parts ?? []
const open = (text: string) => ({ type: 'tool-call', callId: 'c1', name: 'look', arguments: text })

describe('answerUpTo', () => {
  it.each<[number, string, unknown[]]>([
    [0, '', []],
    [1, '', []],
    [2, '', [REASONING]],
    [3, 'a', [REASONING, { type: 'text', length: 1 }]],
    [5, 'abc', [REASONING, TEXT]],
    [6, 'abc', [REASONING, TEXT, open('')]],
    [7, 'abc', [REASONING, TEXT, open('{')]],
    [8, 'abc', [REASONING, TEXT, open('{}')]],
    [9, 'abc', [REASONING, TEXT, CALL, EMPTY]],
    [10, 'abcd', [REASONING, TEXT, CALL, EMPTY, { type: 'text', length: 1 }]],
    [11, 'abcde', [REASONING, TEXT, CALL, EMPTY, END]],
  ])('cuts an answer at the place %i, with what vendors want back of whole parts only', (place, result, parts) => {
    expect(answerUpTo(ANSWER, place)).toEqual({ result, parts })
  })

  it('keeps a beginning of reasoning that was not signed, and of a refusal', () => {
    const answer: StoredAnswer = { result: '', parts: [{ type: 'reasoning', text: 'Hm' }] }
    expect(answerUpTo(answer, 1).parts).toEqual([{ type: 'reasoning', text: 'H' }])
    const refused: StoredAnswer = { result: '', parts: [{ type: 'refusal', text: 'No', carry: 'x' }] }
    expect(answerUpTo(refused, 1).parts).toEqual([{ type: 'refusal', text: 'N' }])
  })
})

describe('wholePlace', () => {
  it('moves to the beginning of a surrogate pair that it would cut, in text, reasoning and arguments', () => {
    const answer: StoredAnswer = {
      result: 'a🙂',
      parts: [
        { type: 'reasoning', text: '🙂' },
        { type: 'text', length: 3 },
        { type: 'tool-call', callId: 'c1', name: 'look', arguments: '🙂', ended: true },
      ],
    }
    const places = Array.from({ length: 10 }, (_, place) => wholePlace(answer, place))
    expect(places).toEqual([0, 0, 2, 3, 3, 5, 6, 6, 8, 9])
  })

  it('leaves a place between two halves of surrogate pairs that do not belong together', () => {
    expect([0, 1, 2].map((place) => wholePlace({ result: '\ude42\ud83d' }, place))).toEqual([0, 1, 2])
    const parts = [
      { type: 'text', length: 1, carry: 'x' },
      { type: 'text', length: 1 },
    ] as const
    expect(wholePlace({ result: '🙂', parts }, 1)).toBe(1)
  })
})

describe('placeOfText', () => {
  it('is the first place with so much text before it', () => {
    const places = [0, 1, 2, 3, 4, 5, 6].map((length) => placeOfText(ANSWER, length))
    expect(places).toEqual([0, 3, 4, 5, 10, 11, undefined])
    expect(placeOfText({ result: '' }, 0)).toBe(0)
  })
})
