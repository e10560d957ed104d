import type { AnyStreamEvent, FinalEvent } from '@promptlab/contract'
import type { LogLength } from '../answer/log-length.ts'
import type { LogPiece } from '../answer/log-piece.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { StoredFinalJob, StoredJob } from '../job.ts'

/**
 * A way of reading an answer: what its events are, and how its cursors count. A view is a pure function of the log and a
 * cursor, so that live, resumed and replayed streams of a job have the same events.
 */
export interface View<Event = AnyStreamEvent> {
  readonly name: string
  /**
   * The event before the first piece, made of the record as it is when the answer has begun. Absent: there is none, and no
   * record is read for it.
   */
  beginning?(job: StoredJob): Event
  /** Adds the events of a piece to a list. */
  addEvents(events: Event[], piece: LogPiece): void
  /** The cursor behind the piece. */
  endOf(piece: LogPiece): number
  /** The cursor behind a whole log. */
  lengthOf(log: LogLength): number
  /** The place behind which a stored answer has something behind a cursor. */
  placeOf(answer: StoredAnswer, cursor: number): number
  /** The part of a piece that lies behind a cursor; undefined if nothing of it does. */
  behind(piece: LogPiece, cursor: number): LogPiece | undefined
  /** The event that ends a stream, as this view shows it. Undefined if it has to be made of the record. */
  finalEvent(event: FinalEvent): Event | undefined
  /** The same from the record of the job. */
  endOfRecord(job: StoredFinalJob): Event
  /** The pieces of a stored answer behind a cursor. */
  replay(answer: StoredAnswer, cursor: number): Iterable<LogPiece>
}

/** The rest of a piece whose text is cut at its front. */
export function withoutPrefix(piece: LogPiece, length: number): LogPiece {
  return length <= 0 ? piece : { ...piece, text: piece.text.slice(length) }
}
