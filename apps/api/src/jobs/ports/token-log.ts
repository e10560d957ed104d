import type { AnyStreamEvent, FinalEvent } from '@promptlab/contract'
import type { LogLength } from '../answer/log-length.ts'
import type { Piece } from '../answer/piece.ts'
import type { View } from '../views/view.ts'

/**
 * The live answers of running jobs. A place in an answer is one number, so a reader goes on anywhere. Jobs that have ended
 * stay here for a short time at most; the repository has their answers.
 */
export interface TokenLog {
  /**
   * Adds a piece to the job's answer and wakes its readers. Only the process that runs the job calls this. What the log has
   * already is added only once. Pieces of a run before the latest are refused, and so are pieces behind a gap.
   * @param place where the piece begins
   * @param part the index of the part that the piece belongs to
   * @param run the number of the run
   */
  append(jobId: string, piece: Piece, place: number, part: number, run: number): void

  /**
   * Begins a later run of a job behind what is stored: removes the rest, and refuses pieces of earlier runs.
   * @param stored how much of the answer is stored
   * @param run the number of the new run
   */
  takeOver(jobId: string, stored: LogLength, run: number): void

  /**
   * Ends the job's log: readers get the pieces they have not read yet, then the end. Store the final record first.
   * Harmless when repeated. Readers in other processes may learn of the end a little after this resolves.
   * @param run the number of the run that ended; an end of an earlier run is refused
   * @param final the final event, if the log has the whole answer; it saves each reader a lookup of the record
   */
  close(jobId: string, run: number, final?: FinalEvent): Promise<void>

  /**
   * Attaches a reader behind a cursor of its view, even before the first piece exists. The reader sees everything that is
   * appended or closed from now on, so attach first, then look the record up.
   */
  attach<Event>(jobId: string, view: View<Event>, after: number, listener: TokenListener): TokenReader<Event>

  /** Publishes what is left and releases everything. Nothing may be appended afterwards. */
  stop(): Promise<void>
}

export interface TokenListener {
  /** Called soon, but never synchronously, when pieces are ready or the log has ended. */
  readonly onReady: () => void
  /**
   * Called, perhaps several times, when the log has been idle for so long that it may have missed the end of the job: look
   * the record up. A log that cannot miss anything never calls it.
   */
  readonly onIdle: () => void
}

export interface TokenReader<Event = AnyStreamEvent> {
  /** The events of all pieces behind the cursor, which moves to their end. Empty when none is ready. */
  read(): readonly Event[]

  /** The cursor behind everything that was read. */
  readonly cursor: number

  /** Whether the log has ended: `read` gives the last events now or never. */
  readonly hasEnded: boolean

  /** The final event, once the log has ended; undefined if only the record has it. */
  readonly final: FinalEvent | undefined

  /** Detaches the reader; its listener is not called any more. Harmless when repeated. */
  detach(): void
}
