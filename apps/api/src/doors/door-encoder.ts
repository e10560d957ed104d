import type { Fallback } from '@promptlab/contract'
import type { LogPiece } from '../jobs/answer/log-piece.ts'
import type { StoredFinalJob } from '../jobs/job.ts'

/**
 * Writes one stream of a job in the form of a door. It gets every piece of the answer from its beginning, also when the client
 * resumes, so that what it writes is a function of the log and of the client's cursor alone.
 */
export interface DoorEncoder {
  /** The text before the first piece. */
  opening(): string
  /** Called before the first piece of a job with fallbacks, with whose answer it is. */
  answeredBy(who: Fallback): void
  /** The text of a piece. Empty if the client has it already. */
  piece(piece: LogPiece): string
  /** The text behind the last piece: what closes the last part, and how the job ended. */
  end(job: StoredFinalJob): string
  /** The keep-alive of an idle stream. */
  readonly keepAlive: string
}
