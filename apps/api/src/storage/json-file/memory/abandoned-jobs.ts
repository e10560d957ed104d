import type { JobRun } from '../../../jobs/ports/stored-values.ts'
import { jobRun } from './found-jobs.ts'
import type { StoredJobs } from './stored-jobs.ts'

/** Jobs that were running when the store was opened. A store has one server at a time, so their process is gone. */
export class AbandonedJobs {
  readonly #stored: StoredJobs
  readonly #ids: Set<string>

  constructor(stored: StoredJobs) {
    this.#stored = stored
    const running = stored.oldest(Number.POSITIVE_INFINITY, undefined, ({ status }) => status === 'running')
    this.#ids = new Set(running.map(({ id }) => id))
  }

  /** Those that still run, oldest first. */
  find(limit: number): JobRun[] {
    const abandoned: JobRun[] = []
    for (const id of this.#ids) {
      if (abandoned.length === limit) break
      const entry = this.#stored.get(id)
      if (entry?.status === 'running') abandoned.push(jobRun(entry))
      else this.#ids.delete(id)
    }
    return abandoned
  }

  /** Notes that this process changed the state of a job: from now on it runs the job. */
  remove(id: string): void {
    this.#ids.delete(id)
  }
}
