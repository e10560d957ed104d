import type { Logger } from '../../../base/logger.ts'
import type { StoredJobs } from '../memory/stored-jobs.ts'

const MANY_JOBS = 100_000
const MANY_BYTES = 256 * 1024 * 1024

/** Says once when the store is larger than one process serves well from memory. */
export class SizeWarning {
  readonly #file: string
  readonly #logger: Pick<Logger, 'warn'> | undefined
  #isGiven = false

  constructor(file: string, logger: Pick<Logger, 'warn'> | undefined) {
    this.#file = file
    this.#logger = logger
  }

  check({ count, bytes }: StoredJobs): void {
    if (this.#isGiven || (count <= MANY_JOBS && bytes <= MANY_BYTES)) return
    this.#isGiven = true
    this.#logger?.warn(
      { file: this.#file, jobs: count, bytes },
      'the job store is larger than it is good for; set JOB_RETENTION_HOURS, or lower it, so that finished jobs are removed',
    )
  }
}
