import type { LedgerQuery, UsageSum } from './ledger.ts'
import { COUNTS, UsageCounts, type UsageEntry, type UsageKey } from './usage-entry.ts'

const ALL_FIELDS = ['day', 'owner', 'provider', 'model'] as const

/** Adds up entries that agree in all fields but their counts. */
export class UsageTally {
  readonly #entries = new Map<string, UsageEntry>()

  constructor(entries: Iterable<UsageEntry> = []) {
    for (const entry of entries) this.add(entry)
  }

  get size(): number {
    return this.#entries.size
  }

  add(entry: UsageEntry): void {
    const key = keyOf(entry, ALL_FIELDS)
    const sum = this.#entries.get(key)
    this.#entries.set(key, sum ? { ...sum, ...addedCounts(sum, entry) } : entry)
  }

  entries(): UsageEntry[] {
    return [...this.#entries.values()]
  }
}

/** Sums of entries, as `JobRepository.sumUsage` says. */
export function sumEntries(
  entries: Iterable<UsageEntry>,
  { from, to, owner, groupBy, limit }: LedgerQuery,
): UsageSum[] {
  const sums = new Map<string, UsageSum>()
  for (const entry of entries) {
    if (entry.day < from || entry.day > to || (owner !== undefined && entry.owner !== owner)) continue
    const key = keyOf(entry, groupBy)
    const fields = Object.fromEntries(groupBy.map((field) => [field, entry[field]]))
    sums.set(key, { ...fields, ...addedCounts(sums.get(key), entry) })
  }
  return [...sums.values()].toSorted((a, b) => compare(a, b, groupBy)).slice(0, limit)
}

function keyOf(entry: UsageKey, fields: readonly (keyof UsageKey)[]): string {
  return JSON.stringify(fields.map((field) => entry[field]))
}

function compare(a: UsageSum, b: UsageSum, fields: readonly (keyof UsageKey)[]): number {
  for (const field of fields) {
    const [left = '', right = ''] = [a[field], b[field]]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

function addedCounts(a: UsageCounts | undefined, b: UsageCounts): UsageCounts {
  return UsageCounts.parse(Object.fromEntries(COUNTS.map((name) => [name, (a?.[name] ?? 0) + b[name]])))
}
