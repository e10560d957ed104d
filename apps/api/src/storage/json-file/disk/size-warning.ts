import type { Logger } from '../../../base/logger.ts'
import type { StoredJobs } from '../memory/stored-jobs.ts'

const MAX_JOBS = 100_000
const MAX_BYTES = 256 * 1024 * 1024

/**
 * Warns once when the store has more than 100,000 jobs or 256 MB: memory and the time to start grow with the store
 * (docs/decisions/2026-11-23-jobs-file.md).
 */
export class SizeWarning {
  readonly #file: string
  readonly #logger: Pick<Logger, 'warn'> | undefined
  #isGiven = false

  constructor(file: string, logger: Pick<Logger, 'warn'> | undefined) {
    this.#file = file
    this.#logger = logger
  }

  check({ count, bytes }: StoredJobs): void {
    if (this.#isGiven || (count <= MAX_JOBS && bytes <= MAX_BYTES)) return
    this.#isGiven = true
    this.#logger?.warn(
      { file: this.#file, jobs: count, bytes, maxJobs: MAX_JOBS, maxBytes: MAX_BYTES },
      'the job store has become too large for one file; set JOB_RETENTION_HOURS, or lower it, to remove finished jobs',
    )
  }
}
