import {
  type CreateJobBody,
  type FinalJob,
  Job,
  type JobError,
  type JobMetrics,
  type PendingJob,
  type RunningJob,
} from '@promptlab/contract'
import { z } from 'zod'

/** Fields that are stored but never returned: the owner. A job that was made without a key has none. */
export const Owned = z.object({ owner: z.string().optional() })

export type Owned = z.infer<typeof Owned>

/** A job as it is stored. */
export const StoredJob = Job.and(Owned)
export type StoredJob = z.infer<typeof StoredJob>

/** The text and metrics of a run so far. */
export interface JobProgress {
  readonly result: string
  readonly metrics: JobMetrics
}

/** How a run ended. */
export type JobOutcome =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' }

/** @param now milliseconds since the epoch, as everywhere in this file */
export function newJob(
  id: string,
  { prompt, provider, model, options }: CreateJobBody,
  now: number,
  owner?: string,
): PendingJob & Owned {
  const at = new Date(now).toISOString()
  return {
    id,
    prompt,
    provider,
    model,
    ...(options && { options }),
    status: 'pending',
    createdAt: at,
    updatedAt: at,
    ...(owner !== undefined && { owner }),
  }
}

export function startJob(job: PendingJob & Owned, now: number): RunningJob & Owned {
  // The system's clock may have been set back since the job was created.
  const queuedMs = Math.max(0, now - Date.parse(job.createdAt))
  return {
    ...job,
    status: 'running',
    result: '',
    metrics: { durationMs: 0, tokenCount: 0, ttftMs: null, queuedMs, attempts: 0 },
    updatedAt: new Date(now).toISOString(),
  }
}

/** Ends a job that never ran. */
export function cancelPending(job: PendingJob, now: number): FinalJob {
  const started = startJob(job, now)
  return finishJob(started, started, { status: 'cancelled' }, now)
}

export function finishJob(
  job: RunningJob,
  { result, metrics }: JobProgress,
  outcome: JobOutcome,
  now: number,
): FinalJob {
  return { ...job, result, metrics, ...outcome, updatedAt: new Date(now).toISOString() }
}
