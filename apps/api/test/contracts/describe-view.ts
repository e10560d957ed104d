import type { AnyStreamEvent } from '@promptlab/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Piece } from '../../src/jobs/answer/piece.ts'
import type { View } from '../../src/jobs/views/view.ts'
import { VIEWS } from '../../src/jobs/views/views.ts'
import { randomPieces, textOfUnits, unitsOf, unitsOfEvents } from '../support/random-answer.ts'
import { cases, timeoutOf } from '../support/rounds.ts'

/** Reads a view of one answer behind a cursor, to the last event or as far as there is something. */
export type ReadView = (view: View, after: number) => Promise<readonly AnyStreamEvent[]> | readonly AnyStreamEvent[]

/**
 * Resumes every view at every place: the events behind a cursor are exactly the answer behind it, once.
 * @param name where the answer is read from
 * @param prepare puts an answer there
 * @param rounds the number of answers
 */
export function describeView(
  name: string,
  prepare: (pieces: readonly Piece[]) => Promise<ReadView>,
  rounds: number,
): void {
  describe(`views of an answer from ${name}`, () => {
    it('are exact from every place', { timeout: timeoutOf(60_000) }, async () => {
      await fc.assert(
        fc.asyncProperty(randomPieces, async (pieces) => {
          const read = await prepare(pieces)
          await expectFullView(read, unitsOf(pieces))
          await expectTextView(read, textOfUnits(unitsOf(pieces)))
        }),
        cases(rounds),
      )
    })
  })
}

/** The view `full` behind every place of a short answer, and behind some of a long one. */
export async function expectFullView(read: ReadView, units: readonly string[]): Promise<void> {
  for (const after of placesUpTo(units.length)) {
    const events = (await read(VIEWS.full, after)).filter(({ id }) => id !== 'end')
    expect(unitsOfEvents(events)).toEqual(units.slice(after))
    if (units.length > after) expect(events.at(-1)?.id).toBe(`f${units.length}`)
  }
}

/** The same for the view `text`. */
export async function expectTextView(read: ReadView, text: string): Promise<void> {
  for (const after of placesUpTo(text.length)) {
    const events = (await read(VIEWS.text, after)).filter(({ id }) => id !== 'end')
    expect(events.map(({ data }) => ('token' in data ? data.token : '?')).join('')).toBe(text.slice(after))
    if (text.length > after) expect(events.at(-1)?.id).toBe(text.length)
  }
}

/** All places of a short answer, and some of a long one. */
function placesUpTo(length: number): number[] {
  const step = Math.max(1, Math.floor(length / 40))
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step)
}
