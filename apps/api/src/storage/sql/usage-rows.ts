import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { LedgerQuery, UsageSum } from '../../jobs/usage/ledger.ts'
import { COUNTS, type UsageCounts, type UsageEntry, type UsageKey } from '../../jobs/usage/usage-entry.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb, Tables } from './tables.ts'

/** More than the ten connections of a process: jobs that end at once seldom meet in a row. */
export const POSTGRES_SHARDS = 16

/** The column of each count. */
export const COUNT_COLUMNS = {
  jobs: 'jobs',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  cachedInputTokens: 'cached_input_tokens',
  cacheWriteTokens: 'cache_write_tokens',
  reasoningTokens: 'reasoning_tokens',
  usdBillionths: 'usd_billionths',
  unpricedJobs: 'unpriced_jobs',
} as const satisfies Record<keyof UsageCounts, keyof Tables['usage_ledger']>

const KEY = ['day', 'owner', 'provider', 'model', 'shard'] as const

// The statements are written out: to build them with Kysely for each job took 50 µs, half as long as all else that stores
// the end of a job in SQLite (docs/decisions/2026-11-27-cost.md).
export const INSERT_USAGE = `insert into usage_ledger (${[...KEY, ...Object.values(COUNT_COLUMNS)].join(', ')})`
export const OR_ADD_USAGE = `on conflict (${KEY.join(', ')}) do update set ${Object.values(COUNT_COLUMNS)
  .map((column) => `${column} = usage_ledger.${column} + excluded.${column}`)
  .join(', ')}`

/** The values of a row, in the order of the columns. */
function valuesOf(entry: UsageEntry, shard: number): (string | number)[] {
  const key = [entry.day, entry.owner, toStorable(entry.provider), toStorable(entry.model), shard]
  return [...key, ...COUNTS.map((name) => entry[name])]
}

/** Adds to the ledger what a job used. */
export async function addToLedger(db: SqlDb, dialect: SqlDialect, entry: UsageEntry): Promise<void> {
  const values = valuesOf(entry, 0)
  const places = values.map((_, index) => (dialect === 'postgres' ? `$${index + 1}` : '?'))
  await db.executeQuery(CompiledQuery.raw(`${INSERT_USAGE} values (${places.join(', ')}) ${OR_ADD_USAGE}`, values))
}

/** The sums of the ledger, as `JobRepository.sumUsage` says. */
export async function sumUsage(db: SqlDb, { from, to, owner, groupBy, limit }: LedgerQuery): Promise<UsageSum[]> {
  const ofOwner = owner === undefined ? sql`` : sql`and owner = ${owner}`
  return await sums(db, groupBy, SumRow, sql`where day between ${from} and ${to} ${ofOwner}`, sql`limit ${limit}`)
}

/** All entries of the ledger. */
export function allUsage(db: SqlDb): Promise<UsageEntry[]> {
  return sums(db, ['day', 'owner', 'provider', 'model'], SumRow.required(), sql``, sql``)
}

/** Replaces the whole ledger. */
export async function replaceUsage(db: SqlDb, dialect: SqlDialect, entries: readonly UsageEntry[]): Promise<void> {
  await db.deleteFrom('usage_ledger').execute()
  for (const entry of entries) await addToLedger(db, dialect, entry)
}

const text = z.string().transform(fromStorable).optional()
// PostgreSQL writes large sums as texts.
const count = z.coerce.number()
const SumRow = z.object({
  day: z.string().optional(),
  owner: z.string().optional(),
  provider: text,
  model: text,
  jobs: count,
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  cacheWriteTokens: count,
  reasoningTokens: count,
  usdBillionths: count,
  unpricedJobs: count,
})

async function sums<Row>(
  db: SqlDb,
  groupBy: readonly (keyof UsageKey)[],
  form: z.ZodType<Row>,
  condition: RawBuilder<unknown>,
  limit: RawBuilder<unknown>,
): Promise<Row[]> {
  const fields = sql.join(groupBy.map((field) => sql.ref(field)))
  const counts = COUNTS.map((name) => sql`sum(${sql.ref(COUNT_COLUMNS[name])}) as ${sql.id(name)}`)
  const { rows } = await sql`
    select ${fields}, ${sql.join(counts)} from usage_ledger ${condition}
    group by ${fields} order by ${fields} ${limit}`.execute(db)
  return form.array().parse(rows)
}
