import type { CompletionOptions } from '@promptlab/providers'
import type { CallBudget } from '../budget/call-budget.ts'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { Choice } from './choices.ts'

/**
 * The options of a call for a job.
 * @param budget of the call. It may have a smaller limit of output than the job
 */
export function callOptions(
  job: StoredRunningJob,
  choice: Choice,
  signal: AbortSignal,
  budget?: Pick<CallBudget, 'maxTokens'>,
): CompletionOptions {
  const { maxTokens } = budget ?? {}
  const limited = maxTokens !== undefined && { maxTokens }
  const options = { ...optionsFor(job, choice), ...limited, model: choice.model, signal }
  return job.deleteAfter === undefined ? options : { ...options, mayStore: false }
}
