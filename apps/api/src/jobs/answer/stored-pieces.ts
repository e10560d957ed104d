import type { LogPiece } from './log-piece.ts'
import type { Piece } from './piece.ts'
import type { PlacedPiece } from './placed-piece.ts'
import { tapedPieces } from './recorded-pieces.ts'
import { partLength, partsOf, type StoredAnswer, type StoredPart } from './stored-answer.ts'

/** The pieces of a stored answer as they can be said again, with what its vendor wants back, and the place of each. */
export function* storedPieces(answer: StoredAnswer): Generator<PlacedPiece & { readonly place: number }> {
  const pieces = tapedPieces(answer)
  let place = 0
  for (const [part, stored] of partsOf(answer).entries()) {
    for (const end = place + partLength(stored); place < end; ) {
      const next = pieces.next()
      if (next.done) return
      const { piece } = next.value
      yield { piece: saidPiece(piece), part, place }
      place = piece.end
    }
    const carried = carriedPiece(stored)
    if (carried) yield { piece: carried, part, place }
  }
}

/** A piece of the log as its provider said it. */
export function saidPiece({ kind, text, part: { callId, name } }: LogPiece): Piece {
  switch (kind) {
    case 'text':
      return text
    case 'tool-call':
      return { type: kind, callId, name }
    case 'tool-call-end':
      return { type: kind }
    default:
      return { type: kind, text }
  }
}

/** A call that has ended has no further piece: only its provider, which reads the record, needs what it carries. */
function carriedPiece({ type, carry }: StoredPart): Piece | undefined {
  return carry === undefined || type === 'tool-call' ? undefined : { type, text: '', carry }
}
