import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'

interface HiddenJobSweeperDeps {
  readonly jobs: Pick<JobRepository, 'deleteHidden'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const SWEEP_INTERVAL_MS = 60_000
/** Small enough that other changes of the store are not delayed. */
const JOBS_PER_STEP = 500

/** Removes, in the background, final jobs that their callers asked not to store, when nobody may join them any more. */
export class HiddenJobSweeper {
  readonly #deps: HiddenJobSweeperDeps
  #timer: NodeJS.Timeout | undefined

  constructor(deps: HiddenJobSweeperDeps) {
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
    const { jobs, clock, logger } = this.#deps
    const now = clock.now()
    let removed = 0
    try {
      for (let step = JOBS_PER_STEP; step === JOBS_PER_STEP; removed += step) {
        step = await jobs.deleteHidden(now, JOBS_PER_STEP)
      }
    } catch (error) {
      logger.warn({ err: error }, 'could not remove jobs that are not to be stored')
    }
    // Not at `info`: there may be some every minute, and their callers asked for it.
    if (removed > 0) logger.debug({ removed }, 'removed jobs that are not to be stored')
  }
}
