import { setImmediate as turn } from 'node:timers/promises'
import { Random } from '@promptlab/api/testing'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import { HOSTILE_PIECES } from './hostile-text.ts'
import type { VendorModel } from './loopback-vendors.ts'
import { type Spoken, sayPieces, USAGE } from './spoken.ts'

/** Some pieces of an answer that follow from a seed, of the kinds that the vendor has. The long line is left out. */
export function randomSpeech(seed: number, { says }: VendorModel): Spoken[] {
  const random = new Random(seed)
  const pieces = HOSTILE_PIECES.filter(({ length }) => length < 100)
  const text = () => pieces[random.below(pieces.length)] ?? ''
  // Reasoning comes first, as with each vendor.
  const reasoning = Array.from({ length: says.includes('reasoning') ? random.below(5) : 0 }, () => ({
    reasoning: text(),
  }))
  return [...reasoning, ...Array.from({ length: 5 + random.below(40) }, text)]
}

export function textOf(pieces: readonly Spoken[]): string {
  return pieces.filter((piece) => typeof piece === 'string').join('')
}

/** Says the pieces one by one, some together, as they come from a vendor. */
export async function speak(exchange: Exchange, pieces: readonly Spoken[], random: Random): Promise<void> {
  for (const piece of pieces) {
    sayPieces(exchange, [piece])
    if (random.below(3) > 0) await turn()
  }
  exchange.finish({ usage: USAGE })
}
