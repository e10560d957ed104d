import { JobMetrics } from '@promptlab/contract'
import { z } from 'zod'
import { runOf } from '../../../jobs/job.ts'
import type { JobCheckpoint } from '../../../jobs/ports/job-repository.ts'

/**
 * What a checkpoint adds to a running job. To apply it, cut the text at `at` and append `text`. So applying it again changes
 * nothing.
 *
 * No other fields: a version that does not know a field must not leave it out in silence.
 */
export const Growth = z.strictObject({
  id: z.string().min(1),
  /** The number of the run. A run that is not the job's latest can add nothing. */
  run: z.int().nonnegative(),
  /** Where `text` begins in the answer, in UTF-16 code units. */
  at: z.int().nonnegative(),
  text: z.string(),
  metrics: JobMetrics,
  updatedAt: z.iso.datetime(),
})
export type Growth = z.infer<typeof Growth>

/** @param knownLength how much of the text the store has, in UTF-16 code units */
export function growthOf({ job, storedLength }: JobCheckpoint, knownLength: number): Growth {
  const at = Math.min(storedLength, knownLength)
  const { id, result, metrics, updatedAt } = job
  return { id, run: runOf(job), at, text: result.slice(at), metrics, updatedAt }
}
