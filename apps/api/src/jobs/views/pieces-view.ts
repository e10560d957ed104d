import type { LogPiece } from '../answer/log-piece.ts'
import { tapedPieces } from '../answer/recorded-pieces.ts'
import type { StoredFinalJob } from '../job.ts'
import { type View, withoutPrefix } from './view.ts'

/** A piece of an answer, or the record of a job that has ended. */
export type PieceOrEnd = LogPiece | StoredFinalJob

/** The log as it is, for readers that make their own events of it. A cursor is a place in the answer. */
export const PIECES_VIEW: View<PieceOrEnd> = {
  name: 'pieces',
  addEvents: (events, piece) => void events.push(piece),
  endOf: ({ end }) => end,
  lengthOf: ({ length }) => length,
  placeOf: (_answer, cursor) => cursor,
  behind(piece, cursor) {
    if (piece.end <= cursor) return undefined
    return withoutPrefix(piece, cursor - (piece.end - piece.text.length))
  },
  finalEvent: () => undefined,
  endOfRecord: (job) => job,
  *replay(answer, cursor) {
    for (const { piece } of tapedPieces(answer, cursor)) {
      const rest = this.behind(piece, cursor)
      if (rest) yield rest
    }
  },
}

/** The cursor of a reader that wants the end of a job and none of its pieces. */
export const BEHIND_ALL_PIECES = Number.MAX_SAFE_INTEGER
