import { setTimeout as sleep } from 'node:timers/promises'
import { Random, ScriptedProvider } from '@promptlab/api/testing'
import type { Piece } from '@promptlab/client'
import { randomPrompt } from './prompts.ts'

/** Up to 40 pieces of every kind that follow from a seed. */
export function randomPieces(seed: number): Piece[] {
  const random = new Random(seed)
  return Array.from({ length: 1 + random.below(12) }, (_, index) => stretch(random, `call_${index}`)).flat()
}

function stretch(random: Random, callId: string): Piece[] {
  const type = (['text', 'reasoning', 'refusal', 'tool-call'] as const)[random.below(4)] ?? 'text'
  // Short, so that the longest line fits into the connections of a test that breaks them. Also half a surrogate pair.
  const texts = Array.from({ length: 1 + random.below(4) }, () => randomPrompt(random).slice(0, 80))
  if (type !== 'tool-call') return texts.map((text) => ({ type, text }))
  const call = { callId, name: 'tool' }
  return [
    { type, ...call },
    ...texts.map((text): Piece => ({ type: 'tool-arguments', callId, text })),
    { type: 'tool-call-end', ...call, arguments: texts.join('') },
  ]
}

/** A provider that takes its prompt for a seed, and says the pieces that follow from it, one each millisecond. */
export class RandomPiecesProvider extends ScriptedProvider {
  constructor() {
    super([])
  }

  override async *complete(prompt: string, { signal }: Parameters<ScriptedProvider['complete']>[1]) {
    this.calls++
    for (const piece of randomPieces(Number(prompt))) {
      await sleep(1, undefined, { signal })
      yield piece
    }
    return undefined
  }
}
