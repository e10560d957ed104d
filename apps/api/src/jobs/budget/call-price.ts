import type { Fallback } from '@promptlab/contract'
import type { Prices } from '../ports/prices.ts'
import { billionthsOf } from '../usage/billionths.ts'

/** What a call of a provider and model costs, in billionths of a US dollar. */
export interface CallPrice {
  /** The whole input, as if it were the dearest kind: plain, or written into a cache. */
  readonly input: number
  /** A token of the answer, as if it were the dearest kind: said, or thought. It may be a fraction. */
  readonly outputToken: number
}

const FREE: CallPrice = { input: 0, outputToken: 0 }
/** Prices are linear in the output. So many tokens have a cost that rounding does not change much. */
const PROBE_TOKENS = 1_000_000

/**
 * The price of a call with an input of so many tokens: long inputs may make every token dearer.
 * @param at milliseconds since the epoch
 * @returns undefined if no price is known
 */
export function callPrice(
  { provider, model }: Fallback,
  inputTokens: number,
  at: number,
  prices: Prices | undefined,
): CallPrice | undefined {
  if (!prices?.isBilled(provider)) return FREE
  const costOf = (outputTokens: number, kinds: { reasoningTokens?: number; cacheWriteTokens?: number } = {}) => {
    const { usd } = prices.costOf({ provider, model, usage: { inputTokens, outputTokens, ...kinds }, at })
    return usd === undefined ? undefined : billionthsOf(usd)
  }
  const input = costOf(0)
  const said = costOf(PROBE_TOKENS)
  if (input === undefined || said === undefined) return undefined
  const thought = costOf(PROBE_TOKENS, { reasoningTokens: PROBE_TOKENS }) ?? said
  const written = costOf(0, { cacheWriteTokens: inputTokens }) ?? input
  return {
    input: Math.max(input, written),
    outputToken: Math.max(said, thought, input) / PROBE_TOKENS - input / PROBE_TOKENS,
  }
}

/** What a call with so many tokens of output costs, in whole billionths. */
export function priceOfCall({ input, outputToken }: CallPrice, outputTokens: number): number {
  return Math.ceil(input + outputToken * outputTokens)
}

/** The most tokens of output that an amount affords behind the input. Below 0 if it does not afford the input; perhaps infinite. */
export function affordableTokens({ input, outputToken }: CallPrice, billionths: number): number {
  const left = billionths - input
  if (left < 0) return -1
  return outputToken > 0 ? Math.floor(left / outputToken) : Number.POSITIVE_INFINITY
}
