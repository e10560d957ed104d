import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'

interface RetentionSweeperDeps {
  readonly jobs: JobRepository
  readonly clock: Clock
  readonly logger: Logger
  /** How long a job is kept after its end, in milliseconds. */
  readonly retentionMs: number
}

const SWEEP_INTERVAL_MS = 60_000
/** Small enough that other changes of the store are not delayed. */
const JOBS_PER_STEP = 500

/** Removes finished jobs that are older than the retention time, in the background. */
export class RetentionSweeper {
  readonly #deps: RetentionSweeperDeps
  #timer: NodeJS.Timeout | undefined

  constructor(deps: RetentionSweeperDeps) {
    this.#deps = deps
  }

  /** Sweeps now, and then every minute. */
  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref()
    void this.sweep()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Never rejects: a sweep that fails is repeated by the next. */
  async sweep(): Promise<void> {
    const { jobs, clock, logger, retentionMs } = this.#deps
    const time = clock.now() - retentionMs
    let removed = 0
    try {
      for (let step = JOBS_PER_STEP; step === JOBS_PER_STEP; removed += step) {
        step = await jobs.deleteFinalBefore(time, JOBS_PER_STEP)
      }
    } catch (error) {
      logger.warn({ err: error }, 'could not remove old jobs')
    }
    if (removed > 0) logger.info({ removed }, 'removed old jobs')
  }
}
