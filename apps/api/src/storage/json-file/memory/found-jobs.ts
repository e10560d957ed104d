import type { JobChange } from '../../../jobs/ports/job-changes.ts'
import type { JobRun, RequestedJob, UntoldJob, WaitingJob } from '../../../jobs/ports/stored-values.ts'
import type { JobEntry } from './job-entry.ts'

/** A run of a job, as searches return it. */
export function jobRun({ id, run }: JobEntry): JobRun {
  return { id, ...(run > 0 && { run }) }
}

export function waitingJob({ id, provider, model, createdAt, owner, notBefore }: JobEntry): WaitingJob {
  return {
    id,
    provider,
    model,
    createdAt,
    ...(owner !== undefined && { owner }),
    ...(notBefore !== undefined && { notBefore }),
  }
}

export function requestedJob({ job: { id, status, client } }: JobEntry): RequestedJob {
  return { id, status, ...(client && { client }) }
}

/** @returns nothing if nobody is told of the job */
export function untoldJobs({ id, notifyAt }: JobEntry): UntoldJob[] {
  return notifyAt === undefined ? [] : [{ id, notifyAt: new Date(notifyAt).toISOString() }]
}

export function jobChange({ id, owner, updatedAt, summary: job }: JobEntry): JobChange {
  return { job, owner, position: { updatedAt: new Date(updatedAt).toISOString(), id } }
}
