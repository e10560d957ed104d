import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Webhooks } from '../ports/webhooks.ts'
import { Sweeper } from './sweeper.ts'

interface RetentionSweeperDeps {
  readonly jobs: JobRepository
  readonly clock: Clock
  readonly logger: Logger
  readonly retention: Retention
  /** Undefined: nobody tells the ends of jobs, so none is kept for that. */
  readonly webhooks?: Webhooks | undefined
}

/** How long finished jobs are kept after their end, in milliseconds. */
export interface Retention {
  /** A job that nobody went on with, and the last jobs of a conversation. */
  readonly jobMs: number
  /** A job at most, also if its conversation goes on. */
  readonly maxMs: number
}

const MINUTE_MS = 60_000

/**
 * Removes, each minute, finished jobs that are older than the retention time. The jobs of a conversation that goes on are kept
 * longer: the next job needs them.
 */
export class RetentionSweeper extends Sweeper {
  readonly #deps: RetentionSweeperDeps

  constructor(deps: RetentionSweeperDeps) {
    super({ logger: deps.logger, intervalMs: MINUTE_MS, what: 'old jobs', level: 'info' })
    this.#deps = deps
  }

  protected removing() {
    const { jobs, clock, retention, webhooks } = this.#deps
    const now = clock.now()
    const expiry = {
      endedBefore: now - retention.jobMs,
      endedLongBefore: now - retention.maxMs,
      evenUntold: !webhooks,
    }
    return (limit: number) => jobs.deleteExpired(expiry, limit)
  }
}
