import { JobMetrics } from '@promptlab/contract'
import { z } from 'zod'
import { type AnswerGrowth, append, grow, PartGrowth } from '../../../jobs/answer/stored-answer.ts'
import { decodeTape, encodeTape } from '../../../jobs/answer/tape.ts'
import type { StoredRunningJob } from '../../../jobs/job.ts'
import type { JobCheckpoint } from '../../../jobs/ports/stored-values.ts'

/**
 * What a checkpoint adds to a running job, as the journal has it. `grow` applies it: what the answer has behind the place is
 * cut off, and the growth is appended. So applying it again changes nothing.
 *
 * No other fields: a version that does not know a field must not leave it out in silence.
 */
export const Growth = z.strictObject({
  id: z.string().min(1),
  /** The number of the run. A run that is not the job's latest can add nothing. */
  run: z.int().nonnegative(),
  /** The place where the growth begins, and how many pieces and parts are before it. */
  place: z.int().nonnegative(),
  pieces: z.int().nonnegative(),
  partCount: z.int().nonnegative(),
  /** Where `text` begins in the text of the answer, in UTF-16 code units. */
  at: z.int().nonnegative(),
  text: z.string(),
  parts: z.array(PartGrowth).optional(),
  /** The tape of the pieces that were added, in base64. */
  tape: z.base64(),
  metrics: JobMetrics,
  updatedAt: z.iso.datetime(),
})
export type Growth = z.infer<typeof Growth>

export function growthOf({ id, run, growth, metrics, updatedAt }: JobCheckpoint): Growth {
  const { place, pieceCount: pieces, partCount, textLength: at, tape } = growth
  // A copy: a text that was cut from a longer one would keep all of that one in memory.
  const { text, parts } = structuredClone({ text: growth.text, parts: growth.parts })
  const added = { text, ...(parts && { parts: [...parts] }), tape: encodeTape(tape) }
  return { id, run, place, pieces, partCount, at, ...added, metrics, updatedAt }
}

/**
 * The job with what a checkpoint adds to it.
 * @param isBehind whether the growth begins exactly where the answer of the job ends
 */
export function grownJob(job: StoredRunningJob, growth: Growth, isBehind: boolean): StoredRunningJob {
  const { metrics, updatedAt } = growth
  const added = answerGrowthOf(growth)
  const { result, parts, tape } = isBehind ? append(job, added) : grow(job, added)
  return { ...job, result, ...(parts && { parts: [...parts] }), ...(tape && { tape }), metrics, updatedAt }
}

/** What a growth adds to the line of a job, in bytes; a few more if it is more than text. */
export function bytesOf({ text, parts, tape }: Growth): number {
  const textBytes = Buffer.byteLength(JSON.stringify(text)) - 2
  return textBytes + tape.length + (parts ? Buffer.byteLength(JSON.stringify(parts)) : 0)
}

function answerGrowthOf({ place, pieces, partCount, at, text, parts, tape }: Growth): AnswerGrowth {
  const before = { place, textLength: at, pieceCount: pieces, partCount }
  return { ...before, text, ...(parts && { parts }), tape: decodeTape(tape) }
}
