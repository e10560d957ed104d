import type { StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/**
 * Merges simultaneous lookups of one job: a thousand waiting readers cost one query. The answer may be as old as the query,
 * so code that must see the latest change asks the repository itself.
 */
export class SharedLookups {
  readonly #jobs: Pick<JobRepository, 'find'>
  readonly #lookups = new Map<string, Promise<StoredJob | undefined>>()

  constructor(jobs: Pick<JobRepository, 'find'>) {
    this.#jobs = jobs
  }

  find(jobId: string): Promise<StoredJob | undefined> {
    let lookup = this.#lookups.get(jobId)
    if (!lookup) {
      lookup = this.#jobs.find(jobId).finally(() => this.#lookups.delete(jobId))
      this.#lookups.set(jobId, lookup)
    }
    return lookup
  }
}
