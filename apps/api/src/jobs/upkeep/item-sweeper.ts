import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { Sweeper } from './sweeper.ts'

interface ItemSweeperDeps {
  readonly jobs: Pick<JobRepository, 'sweepItems'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const HOUR_MS = 3_600_000

/**
 * Removes, each hour, content that no job refers to and that nobody stored for an hour: content of jobs that were removed, and
 * of requests that were refused after their content was stored.
 */
export class ItemSweeper extends Sweeper {
  readonly #deps: ItemSweeperDeps

  constructor(deps: ItemSweeperDeps) {
    super({ logger: deps.logger, intervalMs: HOUR_MS, what: 'items that no job refers to', level: 'info' })
    this.#deps = deps
  }

  protected removing() {
    const { jobs, clock } = this.#deps
    const time = clock.now() - HOUR_MS
    return (limit: number) => jobs.sweepItems(time, limit)
  }
}
