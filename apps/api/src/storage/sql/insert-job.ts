import type { StoredJob } from '../../jobs/job.ts'
import { itemSizes } from '../../jobs/kept-parts.ts'
import type { CallerBudget } from '../../jobs/ports/caller-budget.ts'
import { JobConflictError } from '../../jobs/ports/storage-errors.ts'
import type { IdempotencyKey, KeyedJob } from '../../jobs/ports/stored-values.ts'
import { checkBudget } from './budget-rows.ts'
import { lockPreviousJob } from './conversation-rows.ts'
import { findByKey, takeKey } from './idempotency-rows.ts'
import { insertJobItems, lockItems } from './item-rows.ts'
import { rowOf } from './job-row.ts'
import { insertMetadata } from './metadata-rows.ts'
import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/**
 * Stores a new job, as `JobRepository.insert` says. A job that refers to no other and to no item, and has no metadata, is one statement.
 * @returns the job that has the key
 */
export async function insertJob(
  database: SqlDatabase,
  job: StoredJob,
  idempotency?: IdempotencyKey,
  budget?: CallerBudget,
): Promise<KeyedJob | undefined> {
  const asked = { job, idempotency, budget }
  // Of two repeats of a request, the second one finds the job of the first: it reads the key behind the lock.
  if (budget) return await database.transactFor(budget.owner, (db) => insertKeyed(db, database, asked))
  if (idempotency) return await database.transact((db) => insertKeyed(db, database, asked))
  const isOneRow = job.previousJobId === undefined && itemSizes(job).size === 0 && !job.metadata
  if (isOneRow) await database.statements.insert(job)
  else await database.transact((db) => insertAll(db, database, asked))
  return undefined
}

/** A job that is to be stored. */
interface NewJob {
  readonly job: StoredJob
  readonly idempotency: IdempotencyKey | undefined
  readonly budget: CallerBudget | undefined
}

async function insertKeyed(db: SqlDb, database: SqlDatabase, asked: NewJob): Promise<KeyedJob | undefined> {
  const { job, idempotency } = asked
  if (!idempotency) {
    await insertAll(db, database, asked)
    return undefined
  }
  const now = Date.parse(job.createdAt)
  const first = await findByKey(db, database.dialect, idempotency.key, now)
  if (first) return first
  await insertAll(db, database, asked)
  if (await takeKey(db, idempotency, job)) return undefined
  // Another process took the key first.
  await db.deleteFrom('jobs').where('id', '=', toStorable(job.id)).execute()
  const winner = await findByKey(db, database.dialect, idempotency.key, now)
  // The job of that process may have been removed since.
  return winner ?? (await insertKeyed(db, database, asked))
}

/** Whatever refuses the job comes before the first write, see `SqliteDatabase.transact`. */
async function insertAll(db: SqlDb, { dialect, runner }: SqlDatabase, { job, budget }: NewJob): Promise<void> {
  if (job.previousJobId !== undefined) await lockPreviousJob(db, dialect, job.previousJobId)
  await lockItems(db, dialect, itemSizes(job).keys())
  if (budget) await checkBudget(db, job, budget)
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('jobs')
    .values(rowOf(job, runner.id))
    .onConflict((on) => on.column('id').doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 0n) throw new JobConflictError(job.id)
  await insertJobItems(db, [job])
  await insertMetadata(db, [job])
}
