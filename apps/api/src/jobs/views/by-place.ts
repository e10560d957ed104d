import type { LogLength } from '../answer/log-length.ts'
import type { LogPiece } from '../answer/log-piece.ts'
import { tapedPieces } from '../answer/recorded-pieces.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import { withoutPrefix } from './view.ts'

/** How a view counts whose cursor is a place in the answer. */
export const BY_PLACE = {
  endOf: ({ end }: LogPiece) => end,
  lengthOf: ({ length }: LogLength) => length,
  placeOf: (_answer: StoredAnswer, cursor: number) => cursor,
  behind,
  *replay(answer: StoredAnswer, cursor: number): Generator<LogPiece> {
    for (const { piece } of tapedPieces(answer, cursor)) {
      const rest = behind(piece, cursor)
      if (rest) yield rest
    }
  },
}

function behind(piece: LogPiece, cursor: number): LogPiece | undefined {
  if (piece.end <= cursor) return undefined
  return withoutPrefix(piece, cursor - (piece.end - piece.text.length))
}
