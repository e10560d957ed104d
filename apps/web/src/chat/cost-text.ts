import type { JobMetrics } from '@promptlab/client'

/** What a job cost, to three digits; with `about` where it is estimated. An unknown cost is never shown as 0. */
export function costText({ usd, priced }: NonNullable<JobMetrics['cost']>): string {
  if (usd === undefined) return 'unknown'
  const digits = usd === 0 || usd >= 1 ? 2 : Math.min(9, 2 - Math.floor(Math.log10(usd)))
  return `${priced === 'estimated' ? 'about ' : ''}$${usd.toFixed(digits)}`
}
