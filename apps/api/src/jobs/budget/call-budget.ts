import type { CompletionSummary } from '@promptlab/providers'
import { UNITS_PER_TOKEN } from '../cost/estimated-usage.ts'
import { BudgetReachedError } from './budget-reached-error.ts'

interface CallBudgetTokens {
  /** The limit that the budget affords in any case; undefined if the vendor is sent none. */
  readonly limit: number | undefined
  /** The limit of the caller. */
  readonly asked: number | undefined
  /** The estimate of tokens behind which the call is stopped. */
  readonly stopBehind: number
  /** The most that the whole job may cost, in billionths of a US dollar. */
  readonly ceiling: number
}

/** The part of a limit behind which an answer was ended by that: vendors do not count all of an answer alike. */
const NEAR = 0.9

/** What one call may spend, in tokens of its answer. */
export class CallBudget {
  /** The limit of output tokens that the vendor is sent; undefined if it is sent none. */
  readonly maxTokens: number | undefined
  /** The limit that the vendor is sent because of the budget; undefined if it is sent that of its caller, or none. */
  readonly ownLimit: number | undefined
  readonly #ceiling: number
  readonly #tokens: number
  readonly #units: number

  constructor({ limit, asked, stopBehind, ceiling }: CallBudgetTokens) {
    const isOwn = limit !== undefined && Number.isFinite(limit) && limit < (asked ?? Number.POSITIVE_INFINITY)
    this.ownLimit = isOwn ? limit : undefined
    this.maxTokens = this.ownLimit ?? asked
    this.#ceiling = ceiling
    this.#tokens = stopBehind
    this.#units = stopBehind * UNITS_PER_TOKEN
  }

  /** Whether an answer has more tokens, as `estimatedTokensOf` counts them, than the call may have. Asked for each piece. */
  isPassedBy(answer: { readonly pieceCount: number; readonly length: number }): boolean {
    return answer.pieceCount > this.#tokens || answer.length > this.#units
  }

  /** Why a call ends that is passed by its answer. */
  reached(): BudgetReachedError {
    return BudgetReachedError.stopped(this.#ceiling)
  }

  /**
   * Why a job fails whose answer is complete for its vendor: that ended it at the limit of the budget. Undefined if it did not, as
   * at a limit of its own that is smaller.
   */
  cutBy(summary: CompletionSummary | undefined): BudgetReachedError | undefined {
    const limit = this.ownLimit
    if (limit === undefined || summary?.finishReason !== 'length') return undefined
    // A vendor that does not count reports nothing, or zeros.
    const tokens = summary.usage?.outputTokens || limit
    return tokens < limit * NEAR ? undefined : BudgetReachedError.cut(limit, this.#ceiling)
  }
}
