import { sql } from 'kysely'
import { z } from 'zod'
import type { StoredJob } from '../../jobs/job.ts'
import { type BudgetState, type CallerBudget, checkLeft } from '../../jobs/ports/caller-budget.ts'
import type { SqlDb } from './tables.ts'

// PostgreSQL writes sums as texts.
const Sums = z.record(z.string(), z.coerce.number()).transform(({ reserved = 0, ...spent }) => ({ reserved, spent }))

/**
 * How the limits of a budget stand. One statement: the end of a job moves what it reserved into the ledger in one commit, and
 * so neither or both are seen of no job.
 */
export async function readBudget(db: SqlDb, { owner, limits }: CallerBudget): Promise<BudgetState[]> {
  const spent = limits.map(
    ({ from, to }, index) => sql`(select coalesce(sum(usd_billionths), 0) from usage_ledger
      where owner = ${owner} and day between ${from} and ${to}) as ${sql.id(String(index))}`,
  )
  const reserved = sql`(select coalesce(sum(reserved), 0) from jobs
    where owner = ${owner} and reserved is not null and ended_at is null) as reserved`
  const { rows } = await sql`select ${sql.join([reserved, ...spent])}`.execute(db)
  const sums = Sums.parse(rows[0])
  return limits.map((limit, index) => ({ limit, spent: sums.spent[index] ?? 0, reserved: sums.reserved }))
}

/**
 * Checks that a new job fits into a budget. Call it in `SqlDatabase.transactFor`, which lets no other job of the caller be
 * stored meanwhile.
 * @throws BudgetExceededError
 */
export async function checkBudget(db: SqlDb, { reserved = 0 }: StoredJob, budget: CallerBudget): Promise<void> {
  checkLeft(await readBudget(db, budget), reserved)
}

/**
 * Locks the row of a caller until the transaction ends. Every statement that follows sees what the transactions stored that
 * had the lock before. Only for PostgreSQL.
 */
export async function lockCaller(db: SqlDb, owner: string): Promise<void> {
  if (await takeRow(db, owner)) return
  await db
    .insertInto('callers')
    .values({ owner })
    .onConflict((on) => on.column('owner').doNothing())
    .execute()
  await takeRow(db, owner)
}

async function takeRow(db: SqlDb, owner: string): Promise<boolean> {
  const row = await db.selectFrom('callers').select('owner').where('owner', '=', owner).forUpdate().executeTakeFirst()
  return row !== undefined
}
