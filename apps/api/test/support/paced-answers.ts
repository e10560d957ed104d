import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import type { Piece } from '../../src/jobs/answer/piece.ts'
import { Random } from './random.ts'

/** A job with a prompt that begins like this gets an answer of text alone. All others get parts of all kinds. */
export const PLAIN = 'plain'

/** The whole answer of a job with this prompt, as a vendor sends it: the same at each call. */
export function piecesOf(prompt: string): Piece[] {
  if (prompt.startsWith(PLAIN)) return cut(`${prompt}: ${'Grüße 🙂 '.repeat(30)}`)
  const random = new Random(createHash('sha256').update(prompt).digest().readUInt32LE())
  return Array.from({ length: 3 + random.below(5) }, (_, index) => partOf(prompt, index, random)).flat()
}

function partOf(prompt: string, index: number, random: Random): Piece[] {
  const words = `${prompt}, part ${index}: ${'Grüße 🙂 '.repeat(1 + random.below(8))}`
  switch (random.below(5)) {
    case 0:
      return cut(words).map((text) => ({ type: 'refusal', text }))
    case 1:
      return cut(words).map((text) => ({ type: 'reasoning', text }))
    case 2:
    case 3:
      return [
        { type: 'tool-call', callId: `call_${index}`, name: 'get_sum' },
        ...cut(JSON.stringify({ words })).map((text): Piece => ({ type: 'tool-arguments', text })),
        { type: 'tool-call-end' },
      ]
    default:
      return cut(words)
  }
}

function cut(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? []
}

/**
 * Answers a call to the vendor with the answer of its prompt, piece by piece, at a random pace.
 * @param calls counts the calls for each prompt
 */
export async function answerAtItsPace(exchange: Exchange, random: Random, calls: Map<string, number>): Promise<void> {
  const { prompt } = exchange.request
  calls.set(prompt, (calls.get(prompt) ?? 0) + 1)
  const paceMs = 1 + random.below(40)
  let isGone = false
  exchange.closed.then(() => {
    isGone = true
  })
  let callIndex = -1
  for (const piece of piecesOf(prompt)) {
    if (isGone) return
    if (typeof piece !== 'string' && piece.type === 'tool-call') callIndex++
    sendPiece(exchange, piece, callIndex)
    await sleep(paceMs)
  }
  exchange.finish()
}

function sendPiece(exchange: Exchange, piece: Piece, index: number): void {
  if (typeof piece === 'string') exchange.sendToken(piece)
  else if (piece.type === 'reasoning') exchange.sendReasoning(piece.text)
  else if (piece.type === 'refusal') exchange.sendRefusal(piece.text)
  else if (piece.type === 'tool-call')
    exchange.sendToolCalls({ index, callId: piece.callId, name: piece.name, arguments: '' })
  // The format of the vendor has no end of a call: whatever comes behind whole arguments ends it.
  else if (piece.type === 'tool-arguments') exchange.sendToolCalls({ index, arguments: piece.text })
}
