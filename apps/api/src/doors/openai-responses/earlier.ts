import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'

/** What a request refers to in earlier jobs of its caller. */
export interface Earlier {
  /** A part of the answer of a job, with what its vendor wants back; undefined if there is none for the caller. */
  part(jobId: string, index: number): Promise<AskedAnswerPart | undefined>
  /** A message of the input of a job; undefined if there is none for the caller. */
  message(jobId: string, index: number): Promise<AskedMessage | undefined>
  /** Messages with the ids of calls that the vendors gave, and with what the vendors want back. */
  resolve(messages: readonly AskedMessage[]): Promise<AskedMessage[]>
}
