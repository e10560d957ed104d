import type { Logger } from '../../base/logger.ts'
import type { StoredJob } from '../job.ts'
import { forwardingRepository } from '../ports/forwarding-repository.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/**
 * Called at once when this process has stored a job whose state has changed, with the record as it was handed to the store: once
 * for each change, whichever path it came by. It must return soon, as the job waits for it.
 * @param isNew whether the job was made, or else has changed
 */
type OnChanged = (job: StoredJob, isNew: boolean) => void

/** The repository, which tells of each job that it has stored in a new state. */
export function announcingJobRepository(
  jobs: JobRepository,
  logger: Pick<Logger, 'error'>,
  listeners: readonly OnChanged[],
): JobRepository {
  function announce(job: StoredJob, isNew: boolean): void {
    for (const listener of listeners) {
      try {
        listener(job, isNew)
      } catch (error) {
        // The job is stored. Its run must not take this for a failure of the store.
        logger.error({ err: error, jobId: job.id }, 'could not tell of a change of a job')
      }
    }
  }
  return {
    ...forwardingRepository(jobs),
    async insert(job, idempotency, budget) {
      const earlier = await jobs.insert(job, idempotency, budget)
      if (!earlier) announce(job, true)
      return earlier
    },
    async replace(next, from) {
      const isStored = await jobs.replace(next, from)
      if (isStored) announce(next, false)
      return isStored
    },
    async takeOver(run) {
      const job = await jobs.takeOver(run)
      if (job) announce(job, false)
      return job
    },
  }
}
