import type { Piece } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { type AnswerPart, partMs, partsOf, withPiece } from './answer-parts.ts'

const PIECES: Piece[] = [
  { type: 'reasoning', text: 'Let me' },
  { type: 'reasoning', text: ' see.' },
  { type: 'text', text: 'It is' },
  { type: 'tool-call', callId: '1', name: 'add' },
  { type: 'tool-arguments', callId: '1', text: '{}' },
  { type: 'tool-call-end', callId: '1', name: 'add', arguments: '{}' },
  { type: 'tool-call', callId: '2', name: 'sub' },
  { type: 'tool-arguments', callId: '2', text: '{"a' },
]
const METRICS = { durationMs: 9_000, tokenCount: 1, ttftMs: 5_000, firstPieceMs: 2_000, queuedMs: 0, attempts: 1 }

const streamed = () =>
  PIECES.reduce<readonly AnswerPart[]>((parts, piece, index) => withPiece(parts, piece, index * 100), [])
const withoutTimes = (parts: readonly AnswerPart[]) => parts.map(({ fromMs: _, ...part }) => part)

describe('the parts of an answer', () => {
  it('join pieces of one kind, and tell calls apart', () => {
    expect(withoutTimes(streamed())).toEqual([
      { type: 'reasoning', text: 'Let me see.' },
      { type: 'text', text: 'It is' },
      { type: 'tool-call', callId: '1', name: 'add', arguments: '{}', isComplete: true },
      { type: 'tool-call', callId: '2', name: 'sub', arguments: '{"a', isComplete: false },
    ])
  })

  it('are the same from the record of a job', () => {
    const parts = partsOf(
      [
        { type: 'reasoning', text: 'Let me' },
        { type: 'reasoning', text: ' see.' },
        { type: 'text', text: 'It is' },
        { type: 'tool-call', callId: '1', name: 'add', arguments: '{}' },
        { type: 'tool-call', callId: '2', name: 'sub', arguments: '{"a', incomplete: true },
      ],
      METRICS,
    )
    expect(parts).toMatchObject(withoutTimes(streamed()))
  })

  it('last until the next part begins, as far as that is known', () => {
    expect([0, 1, 2, 3].map((index) => partMs(streamed(), index))).toEqual([200, 100, 300, undefined])
    const parts = partsOf(
      [
        { type: 'reasoning', text: 'Hm' },
        { type: 'text', text: 'It is' },
      ],
      METRICS,
    )
    expect(partMs(parts, 0)).toBe(3_000)
  })
})
