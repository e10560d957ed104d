import type { TokenEvent } from '@promptlab/contract'

/**
 * The live text of running jobs. The text is the log: a token's id is the length of the text up to its end, so a reader's
 * place is one number. Jobs that have ended are not kept here; the repository has their text.
 */
export interface TokenLog {
  /** Adds a token at the end of the job's text and wakes its readers. */
  append(jobId: string, token: string): void

  /** Ends the job's log: readers get what they have not read yet, then the end. Its final record must be stored before. */
  close(jobId: string): Promise<void>

  /**
   * Attaches a reader behind the first `after` UTF-16 code units of the text, also before the first token exists.
   * What is appended or closed from now on reaches it, so attach first, then look at the record.
   */
  attach(jobId: string, after: number): TokenReader
}

export interface TokenReader {
  /**
   * Waits until there is text behind the cursor, and moves the cursor to its end. One call at a time.
   * @returns all tokens that are ready, or `undefined` when the log has ended or the reader was detached
   */
  next(): Promise<readonly TokenEvent[] | undefined>

  /** Gives the place up and ends a waiting `next`. Harmless when repeated. */
  detach(): void
}
