import type { CompletionOptions } from '@promptlab/providers'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { Choice } from './choices.ts'

/** The options of a call for a job. */
export function callOptions(job: StoredRunningJob, choice: Choice, signal: AbortSignal): CompletionOptions {
  const options = { ...optionsFor(job, choice), model: choice.model, signal }
  return job.deleteAfter === undefined ? options : { ...options, mayStore: false }
}
