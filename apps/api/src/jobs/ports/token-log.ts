import type { FinalEvent, TokenEvent } from '@promptlab/contract'

/**
 * The live text of running jobs. The text is the log: a token's id is the length of the text up to its end, so a reader's
 * place is one number. Jobs that have ended are kept here for a while at most; the repository has their text.
 */
export interface TokenLog {
  /** Adds a token at the end of the job's text and lets its readers know. Only the process that runs the job does. */
  append(jobId: string, token: string): void

  /**
   * Ends the job's log: readers get what they have not read yet, then the end. Its final record must be stored before.
   * Harmless when repeated. A log that spans processes may tell its readers a little later than this resolves.
   * @param final how the job ended, if it did and the log has its whole text: spares each reader a look at the record
   */
  close(jobId: string, final?: FinalEvent): Promise<void>

  /**
   * Attaches a reader behind the first `after` UTF-16 code units of the text, also before the first token exists.
   * What is appended or closed from now on reaches it, so attach first, then look at the record.
   */
  attach(jobId: string, after: number, listener: TokenListener): TokenReader

  /** Lets go of what it holds, once it has passed on what it can. Nothing is appended any more. */
  stop(): Promise<void>
}

export interface TokenListener {
  /** Called, not at once but soon, when there is something to read or the log has ended. */
  readonly onReady: () => void
  /**
   * Called, possibly again and again, when the log may have missed something: the record is to be looked at, as the job may
   * have ended without a word here. A log that cannot miss anything never calls it.
   */
  readonly onDoubt: () => void
}

export interface TokenReader {
  /** All tokens behind the cursor, which moves to their end. Empty when none is ready. */
  read(): readonly TokenEvent[]

  /** Whether the log has ended: what `read` does not give now will never come. */
  readonly hasEnded: boolean

  /** What comes behind the last token, once the log has ended; undefined where only the record knows. */
  readonly final: FinalEvent | undefined

  /** Gives the place up; the listener is not called any more. Harmless when repeated. */
  detach(): void
}
