const BILLION = 1_000_000_000

/**
 * An amount of US dollars in billionths. A cached token of the cheapest models costs about one. As whole numbers, amounts
 * add up to the same sum in any order.
 */
export function billionthsOf(usd: number): number {
  return Math.round(usd * BILLION)
}

/** An amount of billionths in US dollars. */
export function usdOf(billionths: number): number {
  return billionths / BILLION
}
