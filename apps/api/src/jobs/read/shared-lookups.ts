import type { Job } from '@promptlab/contract'
import type { JobRepository } from '../ports/job-repository.ts'

/**
 * Looks at records for all who are in doubt about one job at once: a thousand readers of a silent job cost one look. The answer
 * may be as old as a look takes, so whoever must know what is true from now on asks the repository itself.
 */
export class SharedLookups {
  readonly #jobs: Pick<JobRepository, 'find'>
  readonly #looks = new Map<string, Promise<Job | undefined>>()

  constructor(jobs: Pick<JobRepository, 'find'>) {
    this.#jobs = jobs
  }

  find(jobId: string): Promise<Job | undefined> {
    let look = this.#looks.get(jobId)
    if (!look) {
      look = this.#jobs.find(jobId).finally(() => this.#looks.delete(jobId))
      this.#looks.set(jobId, look)
    }
    return look
  }
}
