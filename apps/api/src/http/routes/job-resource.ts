import type { JobLinks, JobResource } from '@promptlab/contract'
import { outputOf } from '../../jobs/answer/output.ts'
import { type StoredJob, withoutStoredOnly } from '../../jobs/job.ts'

/** A job as callers see it. */
export function jobResource(job: StoredJob, links: JobLinks): JobResource {
  const shown = withoutStoredOnly(job)
  const output = shown.status === 'pending' ? undefined : outputOf({ ...shown, parts: job.parts })
  return { ...shown, ...(output && { output }), links }
}
