import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { Sweeper } from './sweeper.ts'

interface HiddenJobSweeperDeps {
  readonly jobs: Pick<JobRepository, 'deleteHidden'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const MINUTE_MS = 60_000

/** Removes, each minute, final jobs that their callers asked not to store, when nobody may join them any more. */
export class HiddenJobSweeper extends Sweeper {
  readonly #deps: HiddenJobSweeperDeps

  constructor(deps: HiddenJobSweeperDeps) {
    // At `debug`: there may be some every minute, and their callers asked for it.
    super({ logger: deps.logger, intervalMs: MINUTE_MS, what: 'jobs that are not to be stored', level: 'debug' })
    this.#deps = deps
  }

  protected removing() {
    const { jobs, clock } = this.#deps
    const now = clock.now()
    return (limit: number) => jobs.deleteHidden(now, limit)
  }
}
