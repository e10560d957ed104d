import type { FinishReason } from '@promptlab/contract'
import { answerLength } from '../jobs/answer/stored-answer.ts'
import type { StoredFinalJob } from '../jobs/job.ts'

/**
 * Whether a job was stopped because it cost what it may cost, behind a part of its answer. For clients of doors the answer has
 * reached its limit, as with a limit of tokens: they keep what there is of it.
 */
export function isCutAtBudget(job: StoredFinalJob): boolean {
  return job.status === 'failed' && job.error.code === 'budget-exceeded' && answerLength(job) > 0
}

/** Why an answer ended, as doors tell it. Undefined if the vendor did not say. */
export function finishOf(job: StoredFinalJob): FinishReason | undefined {
  return isCutAtBudget(job) ? 'length' : job.metrics.finishReason
}
