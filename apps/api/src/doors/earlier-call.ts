import type { AskedAnswerPart, AskedCarry } from '../jobs/input/asked-job.ts'

/** A call of an earlier answer. */
export interface EarlierCall {
  /** The id under which doors give it out. */
  readonly ownId: string
  readonly vendorId: string
  /** What its vendor wants back. */
  readonly carry: AskedCarry | undefined
  /**
   * All parts of the answer but calls that were cut off. The calls of one answer have the same array. It is empty if the request
   * names too many long answers.
   */
  readonly answer: readonly AskedAnswerPart[]
}
