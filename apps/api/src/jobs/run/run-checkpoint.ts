import type { AnswerMark } from '../answer/answer.ts'
import type { JobCheckpoint } from '../ports/stored-values.ts'

/** The progress of a run that has to be stored, and how much will be stored then. */
export interface RunCheckpoint {
  readonly progress: JobCheckpoint
  readonly mark: AnswerMark
}
