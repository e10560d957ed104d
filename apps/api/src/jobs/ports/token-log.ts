import type { FinalEvent, TokenEvent } from '@promptlab/contract'

/**
 * The live text of running jobs. The text is the log: the id of a token is the length of the text up to its end, so a place
 * is one number. Jobs that have ended stay here for a short time at most; the repository has their text.
 */
export interface TokenLog {
  /**
   * Adds a token to the job's text and wakes its readers. Only the process that runs the job calls this. Text that the log has
   * already is added only once. Tokens of a run before the latest are refused, and so are tokens behind a gap.
   * @param place where the token begins: the length of the text before it, in UTF-16 code units
   * @param run the number of the run
   */
  append(jobId: string, token: string, place: number, run: number): void

  /**
   * Begins a later run of a job at a place: removes the text behind that place, and refuses tokens of earlier runs.
   * @param place how much of the text is stored, in UTF-16 code units
   * @param run the number of the new run
   */
  takeOver(jobId: string, place: number, run: number): void

  /**
   * Ends the job's log: readers get the tokens they have not read yet, then the end. Store the final record first.
   * Harmless when repeated. Readers in other processes may learn of the end a little after this resolves.
   * @param run the number of the run that ended; an end of an earlier run is refused
   * @param final the final event, if the log has the whole text; it saves each reader a lookup of the record
   */
  close(jobId: string, run: number, final?: FinalEvent): Promise<void>

  /**
   * Attaches a reader behind the first `after` UTF-16 code units of the text, even before the first token exists. The reader
   * sees everything that is appended or closed from now on, so attach first, then look the record up.
   */
  attach(jobId: string, after: number, listener: TokenListener): TokenReader

  /** Publishes what is left and releases everything. Nothing may be appended afterwards. */
  stop(): Promise<void>
}

export interface TokenListener {
  /** Called soon, but never synchronously, when tokens are ready or the log has ended. */
  readonly onReady: () => void
  /**
   * Called, perhaps several times, when the log has been idle for so long that it may have missed the end of the job: look
   * the record up. A log that cannot miss anything never calls it.
   */
  readonly onIdle: () => void
}

export interface TokenReader {
  /** All tokens behind the cursor, which moves to their end. Empty when none is ready. */
  read(): readonly TokenEvent[]

  /** Whether the log has ended: `read` gives the last tokens now or never. */
  readonly hasEnded: boolean

  /** The final event, once the log has ended; undefined if only the record has it. */
  readonly final: FinalEvent | undefined

  /** Detaches the reader; its listener is not called any more. Harmless when repeated. */
  detach(): void
}
