import type { ApiError } from '../../base/api-error.ts'
import type { Clock } from '../../base/clock.ts'
import { Counts } from '../../base/counts.ts'
import type { Logger } from '../../base/logger.ts'
import { UnreachableError } from '../../base/unreachable-error.ts'
import { type Patience, untilReachable } from '../../base/until-reachable.ts'
import { answerLength } from '../answer/stored-answer.ts'
import { finishJob, runOf, type StoredRunningJob } from '../job.ts'
import { type JobQueue, QueueUnavailableError } from '../ports/job-queue.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Prices } from '../ports/prices.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import type { JobRun, WaitingJob } from '../ports/stored-values.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { INTERRUPTED } from '../run/job-failure.ts'
import { interruptedMetrics } from './interrupted-metrics.ts'
import { hasVendorRun, type VendorRunJoiner } from './vendor-run-joiner.ts'

interface ReconcilerDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly clock: Clock
  readonly logger: Logger
  /** Undefined if nothing is priced. */
  readonly prices?: Prices | undefined
  /** Undefined if this process runs no jobs: then it leaves those whose vendors' runs may be joined to processes that do. */
  readonly joiner?: VendorRunJoiner | undefined
}

/** What became of an abandoned job: `left` for another process, or for a later pass. */
type Recovered = 'interrupted' | 'joined' | 'left' | 'gone'

/** How many waiting jobs are read in one query. */
const JOBS_PER_PAGE = 500
/** How many abandoned jobs are ended at once. Each is read with its text. */
const JOBS_AT_ONCE = 16
/** A job that was created later than this may still be on its way to the queue, in milliseconds before now. */
const ON_ITS_WAY_MS = 5_000

/**
 * Brings the queue and the token log in line with the repository, which decides what is true. A running job whose process is
 * gone goes on if its vendor's run can be joined again. Otherwise it fails, and is not run again because its tokens may have
 * been paid for. A waiting job must be in the queue.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  #timer: NodeJS.Timeout | undefined
  #pass: Promise<void> | undefined
  /** The last waiting job that was checked, if there are more behind it. */
  #last: WaitingJob | undefined

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
  }

  /**
   * Recovers the jobs of earlier processes. Call it before any request. If the store or the queue goes away meanwhile, the
   * recovery goes on when it is back.
   * @throws UnreachableError it is not back in time
   */
  async recover(patience: Patience = {}): Promise<void> {
    await untilReachable(() => this.#recover(), { ...patience, logger: this.#deps.logger })
  }

  async #recover(): Promise<void> {
    try {
      await this.#endAbandoned()
      do {
        await this.#ensurePage(Number.POSITIVE_INFINITY)
      } while (this.#last)
    } catch (error) {
      throw isUnavailable(error) ? unrecovered(error) : error
    }
  }

  /**
   * Reconciles at an interval. Shared stores need this: other processes may die, and the queue may lose jobs.
   * @param intervalMs milliseconds between two passes
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

  /** Never rejects: a pass that fails is repeated by the next. */
  async #reconcile(): Promise<void> {
    const { clock, logger } = this.#deps
    try {
      await this.#endAbandoned()
      const before = clock.now() - ON_ITS_WAY_MS
      let added = 0
      // A pass ends at a page in which no job was missing, so that a long queue is not read whole in each pass.
      for (let step = 1; step > 0; added += step) step = await this.#ensurePage(before)
      if (added > 0) logger.warn({ added }, 'added waiting jobs that the queue did not have')
    } catch (error) {
      logger.warn({ err: error }, 'could not check for jobs left by other processes')
    }
  }

  async #endAbandoned(): Promise<void> {
    const { jobs, logger } = this.#deps
    const counts = new Counts()
    for (let abandoned = await jobs.findAbandoned(JOBS_AT_ONCE); abandoned.length > 0; ) {
      for (const outcome of await Promise.all(abandoned.map((job) => this.#recoverRun(job)))) counts.add(outcome, 1)
      // Jobs that are left would be found again.
      const isLast = abandoned.length < JOBS_AT_ONCE || counts.of('left') > 0
      abandoned = isLast ? [] : await jobs.findAbandoned(JOBS_AT_ONCE)
    }
    const [joined, interrupted] = [counts.of('joined'), counts.of('interrupted')]
    if (joined > 0) logger.info({ jobs: joined }, 'took over running jobs whose process is gone')
    if (interrupted > 0) logger.warn({ jobs: interrupted }, 'failed running jobs whose process is gone')
  }

  async #recoverRun(abandoned: JobRun): Promise<Recovered> {
    const { jobs, joiner } = this.#deps
    if ((!joiner || joiner.isFull) && hasVendorRun(await jobs.find(abandoned.id))) return 'left'
    const job = await jobs.takeOver(abandoned)
    if (!job) return 'gone'
    if (joiner?.canJoin(job)) return (await joiner.join(job)) ? 'joined' : 'gone'
    return (await this.#interrupt(job)) ? 'interrupted' : 'gone'
  }

  /** @returns whether this process ended the job */
  async #interrupt(job: StoredRunningJob): Promise<boolean> {
    const { jobs, tokenLog, clock } = this.#deps
    tokenLog.takeOver(job.id, { length: answerLength(job), textLength: job.result.length }, runOf(job))
    const metrics = await interruptedMetrics(job, this.#deps)
    const failed = finishJob(job, { ...job, metrics }, { status: 'failed', error: INTERRUPTED }, clock.now())
    if (!(await jobs.replace(failed, job))) return false
    await tokenLog.close(job.id, runOf(job))
    return true
  }

  /**
   * @param before checks only jobs that were created earlier, in milliseconds since the epoch
   * @returns how many jobs the queue did not have
   */
  async #ensurePage(before: number): Promise<number> {
    const { jobs, queue } = this.#deps
    const page = await jobs.findPending(JOBS_PER_PAGE, this.#last)
    const waiting = page.filter(({ createdAt }) => Date.parse(createdAt) < before)
    this.#last = waiting.length === JOBS_PER_PAGE ? waiting.at(-1) : undefined
    return waiting.length > 0 ? await queue.ensure(waiting) : 0
  }
}

function isUnavailable(error: unknown): error is ApiError {
  return error instanceof StorageUnavailableError || error instanceof QueueUnavailableError
}

function unrecovered({ cause, message }: ApiError): UnreachableError {
  const reason = cause instanceof Error ? cause.message : message
  return new UnreachableError(
    `The jobs of earlier processes could not be recovered: ${reason}. Make sure that the job store and Redis work, and start this server again.`,
    { cause },
  )
}
