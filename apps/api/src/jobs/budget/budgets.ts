import type { Caller } from '../caller.ts'
import type { BudgetLimit, CallerBudget } from '../ports/caller-budget.ts'
import { billionthsOf } from '../usage/billionths.ts'
import { dayOf } from '../usage/day.ts'

/** What an operator sets for a caller, in US dollars. At least one of the first two is there. */
export interface BudgetSetting {
  readonly dayUsd?: number | undefined
  readonly monthUsd?: number | undefined
  /** The most that a job reserves that names no limit of its own. Default: a tenth of the smaller limit. */
  readonly jobUsd?: number | undefined
}

/** Names every caller that has no budget of its own name. */
export const EVERY_OTHER = '*'

const DEFAULT_JOB_SHARE = 10

/** The budgets of callers. */
export class Budgets {
  readonly #settings: ReadonlyMap<string, BudgetSetting>

  constructor(settings: ReadonlyMap<string, BudgetSetting>) {
    this.#settings = settings
  }

  /**
   * The budget of a caller at a time; undefined if it has none.
   * @param now milliseconds since the epoch
   */
  of(caller: Caller, now: number): CallerBudget | undefined {
    const setting = this.#settingOf(caller)
    return setting && caller !== undefined ? { owner: caller, limits: limitsOf(setting, now) } : undefined
  }

  /** The most that a job of a caller reserves that names no limit, in billionths of a US dollar. */
  jobShareOf(caller: Caller): number | undefined {
    const setting = this.#settingOf(caller)
    if (!setting) return undefined
    const { dayUsd = Number.POSITIVE_INFINITY, monthUsd = Number.POSITIVE_INFINITY, jobUsd } = setting
    const smaller = Math.min(dayUsd, monthUsd)
    return Math.min(billionthsOf(jobUsd ?? smaller / DEFAULT_JOB_SHARE), billionthsOf(smaller))
  }

  #settingOf(caller: Caller): BudgetSetting | undefined {
    return caller === undefined ? undefined : (this.#settings.get(caller) ?? this.#settings.get(EVERY_OTHER))
  }
}

function limitsOf({ dayUsd, monthUsd }: BudgetSetting, now: number): BudgetLimit[] {
  const limits: BudgetLimit[] = []
  const day = dayOf(now)
  if (dayUsd !== undefined) limits.push({ period: 'day', from: day, to: day, billionths: billionthsOf(dayUsd) })
  if (monthUsd !== undefined) limits.push({ period: 'month', ...monthOf(now), billionths: billionthsOf(monthUsd) })
  return limits
}

/** The first and the last day of a month, in UTC. */
function monthOf(now: number): { from: string; to: string } {
  const date = new Date(now)
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  const last = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)
  return { from: dayOf(first), to: dayOf(last) }
}
