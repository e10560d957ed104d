import type { Delivery } from '@promptlab/contract'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { StoredFinalJob } from '../job.ts'
import type { DeliveryOutcome, JobObserver } from '../ports/job-observer.ts'
import { type AttemptOutcome, receiverOf, type Webhooks } from '../ports/webhooks.ts'
import { afterAttempt } from './after-attempt.ts'
import { jobNews } from './job-news.ts'

export interface AttemptsDeps {
  readonly webhooks: Webhooks
  readonly clock: Clock
  readonly logger: Logger
  readonly observer: Pick<JobObserver, 'newsSent'>
  /** The address at which callers reach the server. Undefined: links are paths. */
  readonly publicUrl?: string | undefined
  /** A number from 0 to 1, by chance. Default: `Math.random`. */
  readonly random?: () => number
}

/** Makes attempts to deliver the news of jobs, and tells the log and the metrics what became of them. */
export class Attempts {
  readonly #deps: AttemptsDeps
  readonly #stop = new AbortController()

  constructor(deps: AttemptsDeps) {
    this.#deps = deps
  }

  /** Ends the attempts under way. They do not count. */
  giveUp(): void {
    this.#stop.abort()
  }

  /**
   * Makes one attempt. Never rejects.
   * @param host of the receiver, for the log
   * @returns how the delivery stands then; unchanged if the attempt was given up
   */
  async make(job: StoredFinalJob, delivery: Delivery, host: string): Promise<Delivery> {
    const { clock, random = Math.random } = this.#deps
    const [startedAt, at] = [clock.elapsed(), new Date(clock.now()).toISOString()]
    const outcome = await this.#send(job, delivery)
    if (!outcome) return delivery
    const durationMs = Math.round(clock.elapsed() - startedAt)
    const next = afterAttempt(delivery, { at, durationMs, outcome }, clock.now(), random())
    this.#report(job.id, next, host)
    return next
  }

  /** @returns undefined if the attempt was given up */
  async #send(job: StoredFinalJob, delivery: Delivery): Promise<AttemptOutcome | undefined> {
    const { webhooks, publicUrl = '' } = this.#deps
    const receiver = receiverOf(delivery, job.webhook)
    if (!receiver) return { error: 'host-not-allowed' }
    const body = JSON.stringify(jobNews(job, publicUrl))
    try {
      return await webhooks.send(receiver, { id: delivery.id, body }, this.#stop.signal)
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined
      this.#deps.logger.error({ err: error, jobId: job.id }, 'an attempt to tell the end of a job failed here')
      return { error: 'unreachable' }
    }
  }

  /** The path and the query of the receiver may hold secrets of its caller: the log has its host only. */
  #report(jobId: string, { id, to, status, attempts, nextAttemptAt }: Delivery, host: string): void {
    const { logger, observer } = this.#deps
    const last = attempts.at(-1)
    const fields = {
      jobId,
      deliveryId: id,
      to,
      host,
      attempt: attempts.length,
      answered: last?.status,
      error: last?.error,
    }
    const outcome: DeliveryOutcome = status === 'waiting' ? 'failed' : status
    observer.newsSent(outcome)
    if (outcome === 'delivered') logger.debug(fields, 'told the end of a job')
    else if (outcome === 'failed')
      logger.info({ ...fields, nextAttemptAt }, 'could not tell the end of a job; it is tried again')
    else if (outcome === 'refused') logger.info(fields, 'a receiver wants no news of a job')
    else logger.warn(fields, 'gave up telling the end of a job')
  }
}
