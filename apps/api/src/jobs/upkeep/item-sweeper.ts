import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'

interface ItemSweeperDeps {
  readonly jobs: Pick<JobRepository, 'sweepItems'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const HOUR_MS = 3_600_000
/** Small enough that other changes of the store are not delayed. */
const ITEMS_PER_STEP = 500

/**
 * Removes content that no job refers to and that nobody stored for an hour, in the background: content of jobs that were
 * removed, and of requests that were refused after their content was stored.
 */
export class ItemSweeper {
  readonly #deps: ItemSweeperDeps
  #timer: NodeJS.Timeout | undefined

  constructor(deps: ItemSweeperDeps) {
    this.#deps = deps
  }

  /** Sweeps now, and then every hour. */
  start(): void {
    this.#timer = setInterval(() => this.sweep(), HOUR_MS).unref()
    void this.sweep()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Never rejects: a sweep that fails is repeated by the next. */
  async sweep(): Promise<void> {
    const { jobs, clock, logger } = this.#deps
    const time = clock.now() - HOUR_MS
    let removed = 0
    try {
      for (let step = ITEMS_PER_STEP; step === ITEMS_PER_STEP; removed += step) {
        step = await jobs.sweepItems(time, ITEMS_PER_STEP)
      }
    } catch (error) {
      logger.warn({ err: error }, 'could not remove items that no job refers to')
    }
    if (removed > 0) logger.info({ removed }, 'removed items that no job refers to')
  }
}
