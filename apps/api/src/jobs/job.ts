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

/** Fields that are stored but never returned. */
export const StoredOnly = z.object({
  /** The caller whose job it is. A job that was made without a key has no owner. */
  owner: z.string().optional(),
  /**
   * The number of the job's latest run, from 1 up; undefined before the first. One conditional write raises it when a process
   * starts the job or takes it over, so that whatever an earlier run still writes can be refused.
   */
  run: z.int().positive().optional(),
})
type StoredOnly = z.infer<typeof StoredOnly>

/** A job as it is stored. */
export const StoredJob = Job.and(StoredOnly)
export type StoredJob = z.infer<typeof StoredJob>
export type StoredPendingJob = PendingJob & StoredOnly
export type StoredRunningJob = RunningJob & StoredOnly
export type StoredFinalJob = FinalJob & StoredOnly

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

/** The number of a job's latest run; 0 before the first, and for jobs that were stored before runs had numbers. */
export function runOf({ run = 0 }: StoredOnly): number {
  return run
}

/** @param now milliseconds since the epoch, as everywhere in this file */
export function newJob(
  id: string,
  { prompt, provider, model, options }: CreateJobBody,
  now: number,
  owner?: string,
): StoredPendingJob {
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

/** The next run of a waiting job. */
export function startJob(job: StoredPendingJob, now: number): StoredRunningJob & Required<Pick<StoredOnly, 'run'>> {
  // The system's clock may have been set back since the job was created.
  const queuedMs = Math.max(0, now - Date.parse(job.createdAt))
  return {
    ...job,
    status: 'running',
    run: runOf(job) + 1,
    result: '',
    metrics: { durationMs: 0, tokenCount: 0, ttftMs: null, queuedMs, attempts: 0 },
    updatedAt: new Date(now).toISOString(),
  }
}

/** Ends a job that never ran. */
export function cancelPending(job: StoredPendingJob, now: number): StoredFinalJob {
  const { run: _, ...started } = startJob(job, now)
  return finishJob(
    { ...started, ...(job.run !== undefined && { run: job.run }) },
    started,
    { status: 'cancelled' },
    now,
  )
}

export function finishJob(
  job: StoredRunningJob,
  { result, metrics }: JobProgress,
  outcome: JobOutcome,
  now: number,
): StoredFinalJob {
  return { ...job, result, metrics, ...outcome, updatedAt: new Date(now).toISOString() }
}
