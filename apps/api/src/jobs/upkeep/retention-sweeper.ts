import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'

interface RetentionSweeperDeps {
  readonly jobs: JobRepository
  readonly clock: Clock
  readonly logger: Logger
  readonly retention: Retention
}

/** How long finished jobs are kept after their end, in milliseconds. */
export interface Retention {
  /** A job that nobody went on with, and the last jobs of a conversation. */
  readonly jobMs: number
  /** A job at most, also if its conversation goes on. */
  readonly maxMs: number
}

const SWEEP_INTERVAL_MS = 60_000
/** Small enough that other changes of the store are not delayed. */
const JOBS_PER_STEP = 500

/**
 * Removes finished jobs that are older than the retention time, in the background. The jobs of a conversation that goes on
 * are kept longer: the next job needs them.
 */
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
    const { jobs, clock, logger, retention } = this.#deps
    const now = clock.now()
    const expiry = { endedBefore: now - retention.jobMs, endedLongBefore: now - retention.maxMs }
    let removed = 0
    try {
      for (let step = JOBS_PER_STEP; step === JOBS_PER_STEP; removed += step) {
        step = await jobs.deleteExpired(expiry, JOBS_PER_STEP)
      }
    } catch (error) {
      logger.warn({ err: error }, 'could not remove old jobs')
    }
    if (removed > 0) logger.info({ removed }, 'removed old jobs')
  }
}
