import type { Fallback } from '@promptlab/contract'
import {
  type CompletionSummary,
  type LLMProvider,
  type Message,
  PROMPT_ONLY,
  ProviderError,
} from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import { inputSize } from '../cost/input-size.ts'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { Prices } from '../ports/prices.ts'
import { BudgetReachedError } from './budget-reached-error.ts'
import { CallBudget } from './call-budget.ts'
import { affordableTokens, type CallPrice, callPrice } from './call-price.ts'
import { ceilingOf } from './ceiling.ts'
import { aboutInputTokens, mostInputTokens } from './input-tokens.ts'
import type { RefusedLimits } from './refused-limits.ts'
import { requestSize } from './request-size.ts'

interface RunBudgetDeps {
  readonly prices?: Prices | undefined
  readonly clock: Clock
  readonly refusedLimits: RefusedLimits
}

/** Failures of a call that may be the fault of our limit: with the input, it may be more than the model has room for. */
const LIMIT_REFUSALS: ReadonlySet<string> = new Set(['provider-rejected', 'prompt-too-long'])
/** OpenAI refuses less. Without a limit that is refused as too small, a call may cost much more: a model may think unseen. */
const SMALLEST_LIMIT = 16

/** What the calls of a run may spend. */
export class RunBudget {
  readonly #job: StoredRunningJob
  readonly #ceiling: number
  readonly #deps: RunBudgetDeps
  readonly #spent: () => number
  #call: CallBudget | undefined
  /** A choice that refused a limit of ours, and the limit. */
  #refused: { readonly choice: Fallback; readonly limit: number } | undefined

  private constructor(job: StoredRunningJob, ceiling: number, deps: RunBudgetDeps, spent: () => number) {
    this.#job = job
    this.#ceiling = ceiling
    this.#deps = deps
    this.#spent = spent
  }

  /**
   * @param spent what the job has cost until now, in billionths of a US dollar
   * @returns undefined if the job may cost any amount
   */
  static of(job: StoredRunningJob, deps: RunBudgetDeps, spent: () => number): RunBudget | undefined {
    const ceiling = ceilingOf(job)
    return ceiling === undefined ? undefined : new RunBudget(job, ceiling, deps, spent)
  }

  /**
   * What the next call may spend.
   * @returns undefined if the provider is free
   * @throws BudgetReachedError the job cannot afford its input
   */
  callBegins(choice: Fallback, input: string | readonly Message[], provider: LLMProvider): CallBudget | undefined {
    const { prices } = this.#deps
    this.#call = undefined
    if (!isSame(this.#refused?.choice, choice)) this.#refused = undefined
    if (!prices?.isBilled(choice.provider)) return undefined
    const { limit, stopBehind, left } = this.#tokensOf(choice, input)
    if (limit < 1) throw BudgetReachedError.unaffordable(this.#ceiling, left, choice)
    const isSent = takesLimit(provider) && !this.#refused && !this.#deps.refusedLimits.has(choice, limit)
    return this.#keep(choice, isSent ? limit : undefined, stopBehind)
  }

  /**
   * What a call may still spend that goes on at its vendor. It is stopped if that is nothing.
   * @param input undefined if it cannot be read any more
   */
  callGoesOn(choice: Fallback, input: string | readonly Message[] | undefined): CallBudget | undefined {
    const { prices } = this.#deps
    this.#call = undefined
    if (!prices?.isBilled(choice.provider)) return undefined
    const { limit, stopBehind } = this.#tokensOf(choice, input)
    return this.#keep(choice, Math.max(1, limit), stopBehind)
  }

  /** Whether a call that failed is made again, without the limit that the vendor refused. */
  refusesLimit(error: unknown, choice: Fallback): boolean {
    const limit = this.#call?.ownLimit
    if (limit === undefined || limit < SMALLEST_LIMIT) return false
    if (!(error instanceof ProviderError) || !LIMIT_REFUSALS.has(error.code)) return false
    this.#refused = { choice, limit }
    return true
  }

  /**
   * A call has ended well.
   * @returns why its job fails nevertheless: the vendor cut the answer where the budget ends
   */
  callCompleted(summary: CompletionSummary | undefined): BudgetReachedError | undefined {
    // The call would have been refused again if the limit had not been the reason.
    if (this.#refused) this.#deps.refusedLimits.add(this.#refused.choice, this.#refused.limit)
    return this.#call?.cutBy(summary)
  }

  #keep(choice: Fallback, limit: number | undefined, stopBehind: number): CallBudget {
    const asked = optionsFor(this.#job, choice)?.maxTokens
    this.#call = new CallBudget({ limit, asked, stopBehind, ceiling: this.#ceiling })
    return this.#call
  }

  /**
   * How many tokens of output a call affords.
   * @throws BudgetReachedError no price is known any more
   */
  #tokensOf(choice: Fallback, input: string | readonly Message[] | undefined) {
    const { clock, prices } = this.#deps
    const options = optionsFor(this.#job, choice)
    const size = input === undefined ? requestSize({ ...this.#job, options }, []) : inputSize(input, options)
    const [most, about] = [mostInputTokens(size), aboutInputTokens(size)]
    const price = callPrice(choice, most, clock.now(), prices)
    if (!price) throw BudgetReachedError.unpriced(choice)
    const left = this.#ceiling - this.#spent()
    const estimated: CallPrice = { ...price, input: (price.input * about) / most }
    // One token less: a call is stopped by the piece that passes the limit.
    const stopBehind = Math.max(0, affordableTokens(estimated, left) - 1)
    return { limit: Math.min(affordableTokens(price, left), stopBehind), stopBehind, left }
  }
}

function isSame(a: Fallback | undefined, b: Fallback): boolean {
  return a?.provider === b.provider && a.model === b.model
}

function takesLimit({ capabilities = PROMPT_ONLY }: LLMProvider): boolean {
  return capabilities.options.includes('maxTokens')
}
