import { JobSummary } from '@promptlab/contract'
import type { StoredJob } from '../job.ts'
import { summaryOf } from '../job-summary.ts'
import type { JobChange } from '../ports/job-changes.ts'

/**
 * What is told of a job that was just stored. A job that starts at once is stored as running; it is told that it was accepted,
 * too, as its caller is.
 */
export function announcedChanges(job: StoredJob, isNew: boolean): JobChange[] {
  const changed = changeOf(summaryOf(job), job.owner)
  if (!isNew || job.status !== 'running') return [changed]
  const accepted = JobSummary.parse({ ...changed.job, status: 'pending', updatedAt: job.createdAt })
  return [changeOf(accepted, job.owner), changed]
}

function changeOf(summary: JobSummary, owner: string | undefined): JobChange {
  // A copy: the beginning of a text is a slice, which keeps all of the text in memory.
  const job = structuredClone(summary)
  return { job, owner, position: { updatedAt: job.updatedAt, id: job.id } }
}
