import { issueSentence } from '@promptlab/contract'
import { z } from 'zod'
import { Budgets, EVERY_OTHER } from '../jobs/budget/budgets.ts'
import { faultIn, invalidFile, readJsonFile } from './read-json-file.ts'

const VARIABLE = 'BUDGETS_FILE'
const LARGEST_USD = 1_000_000
const usd = z.number('Must be an amount in US dollars').nonnegative().max(LARGEST_USD)

const BudgetSetting = z
  .strictObject({ dayUsd: usd.optional(), monthUsd: usd.optional(), jobUsd: usd.optional() })
  .refine(
    ({ dayUsd, monthUsd }) => dayUsd !== undefined || monthUsd !== undefined,
    'Must have dayUsd, monthUsd or both',
  )
  .refine(
    ({ dayUsd = LARGEST_USD, monthUsd = LARGEST_USD, jobUsd = 0 }) => jobUsd <= Math.min(dayUsd, monthUsd),
    'Must not have more in jobUsd than in dayUsd or monthUsd: no such job could be made',
  )
const BudgetsFile = z.record(z.string(), BudgetSetting)

/**
 * Reads the budgets of callers.
 * @param callers the names in `API_KEYS`: a misspelt name would leave its caller without a budget, in silence
 * @throws ConfigError the file cannot be read, has another form, or names a caller that there is not
 */
export async function readBudgetsFile(path: string, callers: readonly string[]): Promise<Budgets> {
  const parsed = BudgetsFile.safeParse(await readJsonFile(VARIABLE, path), { error: issueSentence })
  if (!parsed.success) throw invalidFile(VARIABLE, path, parsed.error.issues.map(faultIn))
  const settings = new Map(Object.entries(parsed.data))
  const unknown = [...settings.keys()].filter((name) => name !== EVERY_OTHER && !callers.includes(name))
  if (unknown.length > 0) {
    const known = [...new Set(callers)].join(', ')
    const faults = unknown.map((name) => `${name}: API_KEYS has no such caller. Known: ${known}, and * for every other`)
    throw invalidFile(VARIABLE, path, faults)
  }
  return new Budgets(settings)
}
