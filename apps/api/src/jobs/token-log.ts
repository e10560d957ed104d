import type { TokenEvent } from '@promptlab/contract'

/**
 * The live text of running jobs. The text is the log: a token's id is the length of the text up to its end, so a reader's
 * place is one number. Jobs that have ended are kept here for a while at most; the repository has their text.
 */
export interface TokenLog {
  /** Adds a token at the end of the job's text and lets its readers know. */
  append(jobId: string, token: string): void

  /** Ends the job's log: readers get what they have not read yet, then the end. Its final record must be stored before. */
  close(jobId: string): Promise<void>

  /**
   * Attaches a reader behind the first `after` UTF-16 code units of the text, also before the first token exists.
   * What is appended or closed from now on reaches it, so attach first, then look at the record.
   * @param onReady called, not at once but soon, when there is something to read or the log has ended
   */
  attach(jobId: string, after: number, onReady: () => void): TokenReader
}

export interface TokenReader {
  /** All tokens behind the cursor, which moves to their end. Empty when none is ready. */
  read(): readonly TokenEvent[]

  /** Whether the log has ended: what `read` does not give now will never come. */
  readonly hasEnded: boolean

  /** Gives the place up; `onReady` is not called any more. Harmless when repeated. */
  detach(): void
}
