import { isFinal, PendingJob } from '@promptlab/contract'
import { type StoredJob, StoredOnly } from '../../../jobs/job.ts'

const Waiting = PendingJob.and(StoredOnly.omit({ parts: true, tape: true }))

/**
 * The job with those fields alone that a job of its status has. A waiting job has nothing of an earlier run but what the next
 * one has to know. A final job waits for nothing, has no later run, and reserves nothing.
 * @param watchedUntil until when somebody waits for the job, in milliseconds since the epoch
 */
export function inState(job: StoredJob, watchedUntil: number | undefined): StoredJob {
  if (isFinal(job)) {
    const { runState: _s, watchedUntil: _w, reserved: _r, ...ended } = job
    return ended
  }
  const { watchedUntil: _, ...state } = job.status === 'pending' ? Waiting.parse(job) : job
  return { ...state, ...(watchedUntil !== undefined && { watchedUntil: new Date(watchedUntil).toISOString() }) }
}
