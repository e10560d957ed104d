import type { Cost } from '@promptlab/contract'
import type { PricedCall, Prices } from '../jobs/ports/prices.ts'
import { billionthsOf, usdOf } from '../jobs/usage/billionths.ts'
import { ListPrices } from './list-prices.ts'
import { type OperatorPrices, usdAtOperatorPrices } from './operator-prices.ts'

interface BilledProvider {
  readonly name: string
  /** The address of its vendor. Undefined if it has none, or none is configured. */
  readonly baseUrl: string | undefined
}

/** The prices of the operator, and behind them the list prices of vendors (docs/decisions/2026-11-27-cost.md). */
export class PriceTable implements Prices {
  readonly #operator: OperatorPrices
  readonly #baseUrls: ReadonlyMap<string, string | undefined>
  readonly #lists = new Map<string, ListPrices | undefined>()

  /** @param billed the providers that call a vendor */
  constructor(billed: readonly BilledProvider[], operator: OperatorPrices = {}) {
    this.#operator = operator
    this.#baseUrls = new Map(billed.map(({ name, baseUrl }) => [name, baseUrl]))
  }

  /** Looks the list prices of a provider up. Otherwise the first price does, and blocks the process while it reads the table. */
  prepare(provider: string): void {
    this.#listOf(provider)
  }

  isBilled(provider: string): boolean {
    return this.#baseUrls.has(provider)
  }

  costOf({ provider, model, usage, at }: PricedCall): Cost {
    const own = usdAtOperatorPrices(this.#operator, { provider, model, usage })
    const cost: Cost =
      own === undefined
        ? (this.#listOf(provider)?.costOf(model, usage, at) ?? { priced: 'unknown' })
        : { usd: own, priced: 'exact' }
    return cost.usd === undefined ? cost : { ...cost, usd: usdOf(billionthsOf(cost.usd)) }
  }

  #listOf(provider: string): ListPrices | undefined {
    if (this.#lists.has(provider)) return this.#lists.get(provider)
    const baseUrl = this.#baseUrls.get(provider)
    if (baseUrl === undefined) return undefined
    const list = ListPrices.at(baseUrl)
    this.#lists.set(provider, list)
    return list
  }
}
