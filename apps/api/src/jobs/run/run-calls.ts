import type { CallEnd, Cost, JobMetrics, VendorCall } from '@promptlab/contract'
import type { CompletionSummary, Message } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import type { AnswerSize } from '../answer/answer.ts'
import { countedCost, spentOn } from '../budget/counted-cost.ts'
import { costOfCall } from '../cost/call-cost.ts'
import { totalCost } from '../cost/total-cost.ts'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { Prices } from '../ports/prices.ts'
import type { Choice, Choices } from './choices.ts'

/** A call that goes on. */
interface OpenCall {
  readonly choice: Choice
  readonly at: number
  /** Undefined if it cannot be read any more. */
  readonly input: string | readonly Message[] | undefined
  /** Undefined if the provider is free. */
  readonly prices: Prices | undefined
}

/**
 * The calls of a job, with those of earlier runs, and what they cost. A job with fallbacks notes each call, so that it tells who was asked. Other jobs note
 * no calls of a provider that is free.
 */
export class RunCalls {
  readonly #job: StoredRunningJob
  readonly #choices: Choices
  readonly #prices: Prices | undefined
  readonly #clock: Clock
  readonly #ended: VendorCall[]
  #open: OpenCall | undefined

  /** @param prices undefined if nothing is priced */
  constructor(job: StoredRunningJob, choices: Choices, prices: Prices | undefined, clock: Clock) {
    this.#job = job
    this.#choices = choices
    this.#prices = prices
    this.#clock = clock
    this.#ended = [...(job.runState?.calls ?? [])]
  }

  /** A call of the current choice begins. */
  started(input: string | readonly Message[]): void {
    this.#begin(this.#clock.now(), input)
  }

  #begin(at: number, input: OpenCall['input']): void {
    const choice = this.#choices.current
    const prices = this.#prices?.isBilled(choice.provider) ? this.#prices : undefined
    if (prices || this.#choices.areSeveral) this.#open = { at, input, choice, prices }
  }

  /**
   * Goes on with the calls of an earlier run, of which the last one may not have ended.
   * @param input undefined if it cannot be read any more
   */
  goOn(calls: readonly VendorCall[] | undefined, input: string | readonly Message[] | undefined): void {
    const open = calls?.find(({ endedBecause }) => endedBecause === undefined)
    this.#ended.splice(0, this.#ended.length, ...(calls ?? []).filter((call) => call !== open))
    this.#begin(open ? Date.parse(open.startedAt) : this.#clock.now(), input)
  }

  /** The call under way has ended. Without one, nothing happens. */
  ended(endedBecause: CallEnd, answer: AnswerSize, summary?: CompletionSummary): Cost | undefined {
    const open = this.#open
    this.#open = undefined
    if (!open) return undefined
    const { at, input, choice, prices } = open
    const options = optionsFor(this.#job, choice)
    const known =
      prices && costOfCall({ job: { ...choice, options }, input, at, answer, endedBecause, summary }, prices)
    const { reserved } = this.#job
    const cost =
      known && reserved !== undefined
        ? countedCost(known, { choice, options, input, at, answer }, prices, reserved - this.spent)
        : known
    this.#ended.push({ ...callOf(open), endedBecause, ...(cost && { cost }) })
    return cost
  }

  /** What the calls that have ended cost, in billionths of a US dollar. Infinite if the cost of one is unknown. */
  get spent(): number {
    return spentOn(this.#ended.flatMap(({ cost }) => cost ?? []))
  }

  /** The calls until now. Their cost comes together when the last of them has ended: to price a call takes 20 µs. */
  get metrics(): Pick<JobMetrics, 'cost' | 'calls' | 'answeredBy'> {
    const calls = this.#open ? [...this.#ended, callOf(this.#open)] : this.#ended
    const { fallback } = this.#choices
    const answered = fallback && { answeredBy: fallback }
    if (calls.length === 0) return { ...answered }
    const cost = this.#open ? undefined : totalCost(this.#ended.flatMap((call) => call.cost ?? []))
    return { ...(cost && { cost }), ...answered, calls: [...calls] }
  }
}

function callOf({ choice, at }: OpenCall): VendorCall {
  return { ...choice, startedAt: new Date(at).toISOString() }
}
