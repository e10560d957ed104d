import type { Exchange, VendorEnd } from '@promptlab/providers/testing/vendors'
import { SUM } from './sdk.ts'

/** A piece of an answer as a vendor says it. A text is a token. */
export type Spoken = string | { readonly reasoning: string; readonly carry?: string } | { readonly refusal: string }

export const USAGE = { inputTokens: 9, outputTokens: 8 }
export const SUM_INPUT = { a: 2, b: 3 }

/** Says the pieces, and ends the answer. */
export function say(exchange: Exchange, pieces: readonly Spoken[], end: VendorEnd = { usage: USAGE }): void {
  sayPieces(exchange, pieces)
  exchange.finish(end)
}

/** Says the pieces, and goes on. */
export function sayPieces(exchange: Exchange, pieces: readonly Spoken[]): void {
  for (const piece of pieces) {
    if (typeof piece === 'string') exchange.sendToken(piece)
    else if ('refusal' in piece) exchange.sendRefusal(piece.refusal)
    else if (piece.carry === undefined) exchange.sendReasoning(piece.reasoning)
    else exchange.sendCarried({ type: 'reasoning', text: piece.reasoning, carry: piece.carry })
  }
}

/** Calls `get_sum`, and ends the answer. */
export function callSum(exchange: Exchange): void {
  const { name, callId } = SUM
  exchange.sendToolCalls({ index: 0, callId, name, arguments: JSON.stringify(SUM_INPUT) })
  exchange.finish({ reason: 'tool-calls', usage: USAGE })
}

/** The parts of all messages of a request, with the roles of their messages. */
export function partsOf({ request }: Exchange) {
  return (request.messages ?? []).flatMap(({ role, content }) => content.map((part) => ({ role, ...part })))
}
