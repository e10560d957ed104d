import type { PendingJob, RunningJob } from '@promptlab/contract'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { finishJob } from '../job.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { INTERRUPTED } from '../run/job-failure.ts'

interface ReconcilerDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly clock: Clock
  readonly logger: Logger
}

/** How many waiting jobs are read at once. */
const JOBS_PER_PAGE = 500
/** A job that has waited for less may be on its way to the queue, in milliseconds. */
const ON_ITS_WAY_MS = 5_000

/**
 * Brings the queue and the logs in line with the repository, which alone knows what is true: a job whose runner is gone has
 * failed, and is not run again, as its tokens may have been paid for; a job that waits has to be in the queue.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  #timer: NodeJS.Timeout | undefined
  #pass: Promise<void> | undefined
  /** The last waiting job that was looked at, if there are more behind it. */
  #last: PendingJob | undefined

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
  }

  /** Takes up what earlier processes left, before any request. */
  async recover(): Promise<void> {
    await this.#endAbandoned()
    do {
      await this.#ensurePage(Number.POSITIVE_INFINITY)
    } while (this.#last)
  }

  /**
   * Looks again and again from now on. For stores that are shared: other processes may die, and the queue may lose its jobs.
   * @param intervalMs in milliseconds
   */
  start(intervalMs: number): void {
    this.#timer = setInterval(() => {
      this.#pass ??= this.#reconcile().finally(() => {
        this.#pass = undefined
      })
    }, intervalMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#pass
  }

  /** Never rejects: what cannot be mended now is mended by a later pass. */
  async #reconcile(): Promise<void> {
    const { clock, logger } = this.#deps
    try {
      await this.#endAbandoned()
      const before = clock.now() - ON_ITS_WAY_MS
      let added = 0
      // A page in which nothing was missing is enough for one pass, so that a long queue does not cost its length each time.
      for (let step = 1; step > 0; added += step) step = await this.#ensurePage(before)
      if (added > 0) logger.warn({ added }, 'waiting jobs that the queue did not have were added to it')
    } catch (error) {
      logger.warn({ err: error }, 'what other processes left could not be looked at')
    }
  }

  async #endAbandoned(): Promise<void> {
    const { jobs, logger } = this.#deps
    const abandoned = await jobs.findAbandoned()
    const ended = await Promise.all(abandoned.map((job) => this.#interrupt(job)))
    const count = ended.filter(Boolean).length
    if (count > 0) logger.warn({ jobs: count }, 'jobs whose process is gone have failed')
  }

  /** @returns whether this process was the one to do it */
  async #interrupt(job: RunningJob): Promise<boolean> {
    const { jobs, tokenLog, clock } = this.#deps
    const failed = finishJob(job, job, { status: 'failed', error: INTERRUPTED }, clock.now())
    if (!(await jobs.replace(failed, 'running'))) return false
    await tokenLog.close(job.id)
    return true
  }

  /**
   * @param before only jobs that were created earlier, in milliseconds since the epoch
   * @returns how many the queue did not have
   */
  async #ensurePage(before: number): Promise<number> {
    const { jobs, queue } = this.#deps
    const page = await jobs.findPending(JOBS_PER_PAGE, this.#last)
    const waiting = page.filter(({ createdAt }) => Date.parse(createdAt) < before)
    this.#last = waiting.length === JOBS_PER_PAGE ? waiting.at(-1) : undefined
    return waiting.length > 0 ? await queue.ensure(waiting) : 0
  }
}
