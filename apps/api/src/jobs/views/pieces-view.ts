import type { Fallback } from '@promptlab/contract'
import type { LogPiece } from '../answer/log-piece.ts'
import { answererOf } from '../answerer.ts'
import type { StoredFinalJob } from '../job.ts'
import { BY_PLACE } from './by-place.ts'
import type { View } from './view.ts'

/** Whose answer begins. */
interface AnswerBegun {
  readonly kind: 'begun'
  readonly by: Fallback
}

/** A piece of an answer, what comes before the first one, or the record of a job that has ended. */
export type PieceOrEnd = AnswerBegun | LogPiece | StoredFinalJob

/** The log as it is, for readers that make their own events of it. A cursor is a place in the answer. */
export const PIECES_VIEW: View<PieceOrEnd> = {
  name: 'pieces',
  addEvents: (events, piece) => void events.push(piece),
  ...BY_PLACE,
  finalEvent: () => undefined,
  endOfRecord: (job) => job,
}

/** The same for a job with fallbacks, whose answer begins with whose it is. */
export const BEGUN_PIECES_VIEW: View<PieceOrEnd> = {
  ...PIECES_VIEW,
  beginning: (job) => ({ kind: 'begun', by: answererOf(job) }),
}

/** The cursor of a reader that wants the end of a job and none of its pieces. */
export const BEHIND_ALL_PIECES = Number.MAX_SAFE_INTEGER
