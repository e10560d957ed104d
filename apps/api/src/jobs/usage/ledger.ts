import type { UsageCounts, UsageKey } from './usage-entry.ts'

/** Which entries of the ledger are added up, and how. */
export interface LedgerQuery {
  /** The first and the last day, such as `2026-11-27`. */
  readonly from: string
  readonly to: string
  /** Only jobs of this caller. */
  readonly owner?: string | undefined
  /** One field or more. */
  readonly groupBy: readonly (keyof UsageKey)[]
  /** The most sums that are returned. */
  readonly limit: number
}

/** A sum of entries: the fields by which they were grouped, and the counts. */
export type UsageSum = { readonly [Field in keyof UsageKey]?: string | undefined } & UsageCounts
