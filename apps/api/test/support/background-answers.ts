import { setTimeout as sleep } from 'node:timers/promises'
import type { BackgroundVendor, RunPart } from '@promptlab/providers/testing/vendors'
import { type Piece, textOf } from '../../src/jobs/answer/piece.ts'
import { piecesOf } from './paced-answers.ts'
import type { Random } from './random.ts'

/** Answers each run of a vendor with the answer of its prompt, piece by piece, at a random pace. */
export function runAtTheirPace(vendor: BackgroundVendor, random: Random): void {
  vendor.runWith(async ({ run, prompt }) => {
    const paceMs = 1 + random.below(40)
    await run.say(runPartsOf(piecesOf(prompt)), () => sleep(paceMs))
  })
}

/** The runs that were created for each prompt. */
export function runsByPrompt(vendor: BackgroundVendor): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { prompt } of vendor.created.values()) counts.set(prompt, (counts.get(prompt) ?? 0) + 1)
  return counts
}

function runPartsOf(pieces: readonly Piece[]): RunPart[] {
  const parts: GrowingPart[] = []
  for (const piece of pieces) {
    const last = parts.at(-1)
    const begun = beginningOf(piece)
    if (last && (begun === undefined || (begun.type !== 'call' && begun.type === last.type))) {
      last.pieces.push(...[textOf(piece)].filter(Boolean))
    } else if (begun) {
      parts.push(begun)
    }
  }
  return parts
}

type GrowingPart = RunPart & { readonly pieces: string[] }

/** The part that a piece begins; undefined for one that can only go on. */
function beginningOf(piece: Piece): GrowingPart | undefined {
  if (typeof piece === 'string') return { type: 'text', pieces: [piece] }
  switch (piece.type) {
    case 'tool-call':
      return { type: 'call', callId: piece.callId, name: piece.name, pieces: [] }
    case 'tool-arguments':
    case 'tool-call-end':
      return undefined
    default:
      return { type: piece.type, pieces: [piece.text] }
  }
}
