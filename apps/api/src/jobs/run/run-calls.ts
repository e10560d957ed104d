import type { CallEnd, Cost, JobMetrics, VendorCall } from '@promptlab/contract'
import type { CompletionSummary, Message } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import type { AnswerSize } from '../answer/answer.ts'
import { costOfCall } from '../cost/call-cost.ts'
import { totalCost } from '../cost/total-cost.ts'
import type { StoredRunningJob } from '../job.ts'
import type { Prices } from '../ports/prices.ts'

/** The calls of a run and what they cost. Calls of a provider that is free are not noted. */
export class RunCalls {
  readonly #job: StoredRunningJob
  readonly #prices: Prices | undefined
  readonly #clock: Clock
  readonly #ended: VendorCall[] = []
  #open: { readonly at: number; readonly input: string | readonly Message[] } | undefined

  /** @param prices undefined if nothing is priced */
  constructor(job: StoredRunningJob, prices: Prices | undefined, clock: Clock) {
    this.#job = job
    this.#prices = prices?.isBilled(job.provider) ? prices : undefined
    this.#clock = clock
  }

  started(input: string | readonly Message[]): void {
    if (this.#prices) this.#open = { at: this.#clock.now(), input }
  }

  /** The call under way has ended. Without one, nothing happens. */
  ended(endedBecause: CallEnd, answer: AnswerSize, summary?: CompletionSummary): Cost | undefined {
    const open = this.#open
    this.#open = undefined
    if (!open || !this.#prices) return undefined
    const cost = costOfCall({ job: this.#job, ...open, answer, endedBecause, summary }, this.#prices)
    this.#ended.push({ ...this.#callAt(open.at), endedBecause, cost })
    return cost
  }

  /** The calls until now. Their cost comes together when the last of them has ended: to price a call takes 20 µs. */
  get metrics(): Pick<JobMetrics, 'cost' | 'calls'> {
    const calls = this.#open ? [...this.#ended, this.#callAt(this.#open.at)] : this.#ended
    if (calls.length === 0) return {}
    const cost = this.#open ? undefined : totalCost(this.#ended.flatMap((call) => call.cost ?? []))
    return { ...(cost && { cost }), calls: [...calls] }
  }

  #callAt(at: number): VendorCall {
    const { provider, model } = this.#job
    return { provider, model, startedAt: new Date(at).toISOString() }
  }
}
