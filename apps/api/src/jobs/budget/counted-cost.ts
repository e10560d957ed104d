import type { Cost, Fallback, JobOptions } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import type { AnswerSize } from '../answer/answer.ts'
import { estimatedTokensOf } from '../cost/estimated-usage.ts'
import { inputSize } from '../cost/input-size.ts'
import type { Prices } from '../ports/prices.ts'
import { billionthsOf, usdOf } from '../usage/billionths.ts'
import { callPrice, priceOfCall } from './call-price.ts'
import { aboutInputTokens } from './input-tokens.ts'

interface CountedCall {
  readonly choice: Fallback
  readonly options: JobOptions | undefined
  /** Undefined if it cannot be read any more. */
  readonly input: string | readonly Message[] | undefined
  readonly answer: AnswerSize
  /** When the call began, in milliseconds since the epoch. */
  readonly at: number
}

/**
 * The cost of a call as it counts against a budget: an unknown one would pass it in silence. Images and files count with their
 * most, and a call of which less is known counts as all that its job had left.
 * @param left billionths of a US dollar
 */
export function countedCost(cost: Cost, call: CountedCall, prices: Prices, left: number): Cost {
  if (cost.usd !== undefined) return cost
  return { usd: usdOf(Math.max(0, Math.min(left, aboutCostOf(call, prices) ?? left))), priced: 'estimated' }
}

/** What calls cost together, in billionths of a US dollar. Infinite if the cost of one is unknown. */
export function spentOn(costs: readonly Cost[]): number {
  return costs.reduce((sum, { usd }) => sum + (usd === undefined ? Number.POSITIVE_INFINITY : billionthsOf(usd)), 0)
}

function aboutCostOf({ choice, options, input, answer, at }: CountedCall, prices: Prices): number | undefined {
  if (input === undefined) return undefined
  const price = callPrice(choice, aboutInputTokens(inputSize(input, options)), at, prices)
  return price && priceOfCall(price, estimatedTokensOf(answer))
}
