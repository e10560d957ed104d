import type { Fallback, JobMetrics } from '@promptlab/contract'
import type { StoredJob } from './job.ts'

type Answered = Pick<StoredJob, 'provider' | 'model'> & { readonly metrics?: Pick<JobMetrics, 'answeredBy'> }

/** Whose answer a job has: its fallback that was asked last, or else its own provider and model. */
export function answererOf({ provider, model, metrics }: Answered): Fallback {
  return metrics?.answeredBy ?? { provider, model }
}
