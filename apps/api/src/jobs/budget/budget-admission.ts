import type { Fallback, Fault } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import type { Clock } from '../../base/clock.ts'
import type { Caller } from '../caller.ts'
import type { InputSize } from '../cost/input-size.ts'
import type { JobRequest } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { CallerBudget } from '../ports/caller-budget.ts'
import type { Prices } from '../ports/prices.ts'
import { billionthsOf, dollars, dollarsOf } from '../usage/billionths.ts'
import type { Budgets } from './budgets.ts'
import { type CallPrice, callPrice, priceOfCall } from './call-price.ts'
import { mostInputTokens } from './input-tokens.ts'
import { requestSize } from './request-size.ts'

export interface BudgetDeps {
  /** Undefined: no caller has a budget. */
  readonly budgets?: Budgets | undefined
  /** Undefined if nothing is priced. */
  readonly prices?: Prices | undefined
  readonly clock: Pick<Clock, 'now'>
}

interface Asked {
  readonly request: JobRequest
  /** The jobs of the conversation before, and their sizes. */
  readonly chain: readonly { readonly size: InputSize }[]
  readonly caller: Caller
  /** Whether the caller named the fallbacks. Otherwise they are the operator's. */
  readonly hasOwnFallbacks: boolean
}

/** What a job reserves of its caller's budget. */
export interface Reservation {
  /** Billionths of a US dollar. */
  readonly reserved: number
  readonly budget: CallerBudget
}

interface Affordable {
  readonly request: JobRequest
  /** Undefined if the job reserves nothing. */
  readonly reservation?: Reservation | undefined
}

interface PricedChoice {
  readonly choice: Fallback
  readonly inputTokens: number
  readonly price: CallPrice
}

/**
 * How much more than `maxTokens` is reserved. A run is stopped by an estimate of its tokens, and long words are estimated higher
 * than vendors count them: a job that keeps its limit must not be stopped.
 */
const OUTPUT_MARGIN = 1.5

/**
 * Checks that a job can keep to a limit of its cost, and says what it reserves. A request without a limit, of a caller without a
 * budget, comes back as it is.
 * @returns the request without those fallbacks of the operator that have no price or are too dear
 * @throws ApiError `unpriced-model`, `budget-exceeded` the input alone costs more than the job may
 */
export function checkAffordable({ request, chain, caller, hasOwnFallbacks }: Asked, deps: BudgetDeps): Affordable {
  const { clock, budgets } = deps
  const now = clock.now()
  const budget = budgets?.of(caller, now)
  if (request.maxCostUsd === undefined && !budget) return { request }
  const share = budgets?.jobShareOf(caller)
  const { provider, model, fallbacks = [] } = request
  const priced = (choice: Fallback) => pricedChoice(choice, request, chain, now, deps)
  const own = priced({ provider, model }) ?? refuseUnpriced([{ path: 'model', choice: request }])
  const others = fallbacks.map((choice, index) => ({ choice, path: `fallbacks[${index}]`, found: priced(choice) }))
  const unpriced = others.filter(({ found }) => !found)
  if (hasOwnFallbacks && unpriced.length > 0) refuseUnpriced(unpriced)
  const known = others.flatMap(({ found }) => found ?? [])
  const ceiling = Math.min(
    request.maxCostUsd === undefined ? Number.POSITIVE_INFINITY : billionthsOf(request.maxCostUsd),
    Math.max(...[own, ...known].map((each) => mostOf(each, request))),
  )
  const most = Number.isFinite(ceiling) ? ceiling : (share ?? ceiling)
  const kept = hasOwnFallbacks ? known : known.filter((each) => isAffordable(each, most))
  for (const each of [own, ...kept]) if (!isAffordable(each, most)) refuseDear(each, most, request)
  const reservation = budget && most > 0 ? { budget, reserved: most } : undefined
  return { request: withFallbacks(request, kept), reservation }
}

function pricedChoice(
  choice: Fallback,
  request: JobRequest,
  chain: Asked['chain'],
  now: number,
  { prices }: BudgetDeps,
): PricedChoice | undefined {
  const inputTokens = mostInputTokens(requestSize({ ...request, options: optionsFor(request, choice) }, chain))
  const price = callPrice(choice, inputTokens, now, prices)
  return price && { choice, inputTokens, price }
}

/** What a call may cost that keeps to the caller's limit of output. Infinite if it has none, and output costs something. */
function mostOf({ price }: PricedChoice, { options: { maxTokens } = {} }: JobRequest): number {
  if (price.outputToken === 0) return priceOfCall(price, 0)
  return maxTokens === undefined ? Number.POSITIVE_INFINITY : priceOfCall(price, maxTokens * OUTPUT_MARGIN)
}

/** Whether an amount is enough for the input and a token of output. */
function isAffordable({ price }: PricedChoice, most: number): boolean {
  return priceOfCall(price, 1) <= most
}

function withFallbacks(request: JobRequest, kept: readonly PricedChoice[]): JobRequest {
  const { fallbacks = [], ...rest } = request
  if (fallbacks.length === kept.length) return request
  return kept.length === 0 ? rest : { ...rest, fallbacks: kept.map(({ choice }) => choice) }
}

function refuseUnpriced(choices: readonly { readonly path: string; readonly choice: Fallback }[]): never {
  const faults: Fault[] = choices.map(({ path, choice: { provider, model } }) => ({
    path,
    message: `No price of ${provider}/${model} is known, so its cost cannot be limited. Choose another model, or ask the operator to set a price in PRICES_FILE`,
  }))
  throw new ApiError('unpriced-model', faults.map(({ message }) => `${message}.`).join(' '), { faults })
}

function refuseDear({ choice, inputTokens, price }: PricedChoice, most: number, { maxCostUsd }: JobRequest): never {
  const { provider, model } = choice
  const cost = `The input may have ${inputTokens} tokens, which cost ${dollarsOf(priceOfCall(price, 1))} with ${provider}/${model}`
  const limit =
    maxCostUsd === undefined
      ? `more than the ${dollarsOf(most)} that a job of yours may cost without a limit of its own. Set maxCostUsd`
      : `more than maxCostUsd, which is ${dollars(maxCostUsd)}. Set a larger one`
  throw new ApiError('budget-exceeded', `${cost}, ${limit}, shorten the input, or choose a cheaper model.`)
}
