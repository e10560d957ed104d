import { startJob } from '../../src/jobs/job.ts'
import type { Growth } from '../../src/storage/json-file/memory/growth.ts'
import { aJob } from '../contracts/stored-job.ts'

/**
 * What a checkpoint adds to the text of a running job that is text alone. Its tape is left out.
 * @param at the place where the text begins
 */
export function textGrowth(id: string, at: number, text: string, run = 1): Growth {
  const { metrics, updatedAt } = startJob(aJob(id), 0)
  return { id, run, place: at, pieces: at, partCount: at > 0 ? 1 : 0, at, text, tape: '', metrics, updatedAt }
}
