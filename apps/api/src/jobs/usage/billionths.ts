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

/** Without it, small amounts would read as `4.1e-8`. */
const PLAIN = new Intl.NumberFormat('en', { maximumFractionDigits: 20, useGrouping: false })

/** An amount of US dollars in words, such as `$0.000000041`. */
export function dollars(usd: number): string {
  return `$${PLAIN.format(usd)}`
}

/** An amount of billionths in words. A fraction of one is rounded up. */
export function dollarsOf(billionths: number): string {
  return dollars(usdOf(Math.ceil(billionths)))
}
