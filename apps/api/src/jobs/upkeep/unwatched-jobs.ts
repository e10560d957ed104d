import type { Logger } from '../../base/logger.ts'
import type { JobService } from '../job-service.ts'

interface UnwatchedJobsDeps {
  readonly service: Pick<JobService, 'cancelUnwatched'>
  readonly logger: Logger
  /** How long a foreground job runs on when its client is gone, in milliseconds. */
  readonly graceMs: number
}

/** A job is cancelled at most this much of the grace later. */
const SHARE_OF_GRACE = 0.1
const LONGEST_INTERVAL_MS = 10_000
/** Each is read with its text. */
const JOBS_AT_ONCE = 16

/** Cancels, in the background, foreground jobs for whose answer nobody waits any more. */
export class UnwatchedJobs {
  readonly #deps: UnwatchedJobsDeps
  #timer: NodeJS.Timeout | undefined
  #pass: Promise<void> | undefined

  constructor(deps: UnwatchedJobsDeps) {
    this.#deps = deps
  }

  start(): void {
    const intervalMs = Math.min(this.#deps.graceMs * SHARE_OF_GRACE, LONGEST_INTERVAL_MS)
    this.#timer = setInterval(() => {
      this.#pass ??= this.#cancelAll().finally(() => {
        this.#pass = undefined
      })
    }, intervalMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#pass
  }

  /** Never rejects: a pass that fails is repeated by the next. */
  async #cancelAll(): Promise<void> {
    const { service, logger } = this.#deps
    try {
      for (let step = JOBS_AT_ONCE; step === JOBS_AT_ONCE; ) step = await service.cancelUnwatched(JOBS_AT_ONCE)
    } catch (error) {
      logger.warn({ err: error }, 'could not cancel foreground jobs whose clients are gone')
    }
  }
}
