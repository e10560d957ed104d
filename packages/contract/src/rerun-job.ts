import { z } from 'zod'
import { type CreateJobLimits, NO_OBJECT } from './create-job.ts'
import { checkSchemas, jobChanges } from './job-changes.ts'

/** The body of `POST /jobs/:id/rerun`. It may be missing. */
export function rerunJobBody(limits: CreateJobLimits) {
  return z.preprocess((body) => body ?? {}, z.strictObject(jobChanges(limits), NO_OBJECT).check(checkSchemas(limits)))
}
export type RerunJobBody = z.infer<ReturnType<typeof rerunJobBody>>
