import type { BudgetState, CallerBudget } from '../../../jobs/ports/caller-budget.ts'
import type { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import { add } from './counts.ts'
import type { JobEntry } from './job-entry.ts'

/** What jobs have reserved and spent, by owner. All amounts are billionths of a US dollar. */
export class BudgetTally {
  readonly #reserved = new Map<string | undefined, number>()
  /** By owner and day. */
  readonly #spent = new Map<string, Map<string, number>>()

  /** Counts a job, or takes it out. */
  count(entry: Pick<JobEntry, 'owner' | 'reserved' | 'usages'> | undefined, sign: 1 | -1): void {
    if (!entry) return
    if (entry.reserved !== undefined) add(this.#reserved, entry.owner, sign * entry.reserved)
    this.countUsages(entry.usages, sign)
  }

  /** Counts entries of the ledger, or takes them out. */
  countUsages(usages: Iterable<UsageEntry>, sign: 1 | -1): void {
    for (const { owner, day, usdBillionths } of usages) {
      if (usdBillionths === 0) continue
      const days = this.#spent.get(owner) ?? new Map<string, number>()
      add(days, day, sign * usdBillionths)
      if (days.size > 0) this.#spent.set(owner, days)
      else this.#spent.delete(owner)
    }
  }

  /** What the jobs of an owner may still cost that have not ended. */
  reservedOf(owner: string): number {
    return this.#reserved.get(owner) ?? 0
  }

  /** What the jobs of an owner cost that ended from one day to another. */
  spentOf(owner: string, from: string, to: string): number {
    let sum = 0
    for (const [day, spent] of this.#spent.get(owner) ?? []) if (day >= from && day <= to) sum += spent
    return sum
  }
}

/** How the limits of a budget stand, by what all the tallies count together. */
export function budgetStates({ owner, limits }: CallerBudget, tallies: readonly BudgetTally[]): BudgetState[] {
  const total = (amountOf: (tally: BudgetTally) => number) => tallies.reduce((sum, tally) => sum + amountOf(tally), 0)
  const reserved = total((tally) => tally.reservedOf(owner))
  return limits.map((limit) => {
    const spent = total((tally) => tally.spentOf(owner, limit.from, limit.to))
    return { limit, spent, reserved }
  })
}
