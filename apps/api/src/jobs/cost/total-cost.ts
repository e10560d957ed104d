import type { Cost } from '@promptlab/contract'
import { billionthsOf, usdOf } from '../usage/billionths.ts'

/** From the best to the worst. */
const RANKS: readonly Cost['priced'][] = ['vendor', 'exact', 'estimated', 'unknown']

/** The cost of several calls together. It is known as well as the worst of them; calls that cost nothing do not count. */
export function totalCost(costs: readonly Cost[]): Cost | undefined {
  if (costs.length === 0) return undefined
  const paid = costs.filter(({ usd }) => usd !== 0)
  const ranks = (paid.length > 0 ? paid : costs).map(({ priced }) => RANKS.indexOf(priced))
  const priced = RANKS[Math.max(...ranks)]
  if (priced === undefined || priced === 'unknown') return { priced: 'unknown' }
  return { usd: usdOf(costs.reduce((sum, { usd = 0 }) => sum + billionthsOf(usd), 0)), priced }
}
