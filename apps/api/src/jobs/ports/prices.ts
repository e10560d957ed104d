import type { Cost, TokenUsage } from '@promptlab/contract'

/** What the tokens of vendors cost. */
export interface Prices {
  /** Whether calls of the provider may cost something. A provider that calls no vendor, such as `echo`, is free. */
  isBilled(provider: string): boolean

  /** The cost of tokens: `exact`, `estimated` or `unknown`. It must not throw. */
  costOf(call: PricedCall): Cost
}

export interface PricedCall {
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  /** When the call began, in milliseconds since the epoch. Prices change. */
  readonly at: number
}
