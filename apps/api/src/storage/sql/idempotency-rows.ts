import type { Job } from '@promptlab/contract'
import type { ExpressionBuilder, OnConflictDatabase } from 'kysely'
import { IDEMPOTENCY_WINDOW_MS, type IdempotencyKey, type KeyedJob } from '../../jobs/ports/stored-values.ts'
import { isoTime, keyedJobOf, selectKeyedJobs } from './job-row.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb, Tables } from './tables.ts'

/** The job that was created with the key less than `IDEMPOTENCY_WINDOW_MS` before `now`. */
export async function findByKey(
  db: SqlDb,
  dialect: SqlDialect,
  key: string,
  now: number,
): Promise<KeyedJob | undefined> {
  const row = await selectKeyedJobs(db, dialect)
    .where('idempotency_keys.key', '=', toStorable(key))
    .where('idempotency_keys.created_at', '>', isoTime(now - IDEMPOTENCY_WINDOW_MS))
    .executeTakeFirst()
  return row && keyedJobOf(row)
}

/**
 * The row of a key.
 * @param job the one that was created with the key
 */
export function keyRow({ key, fingerprint }: IdempotencyKey, { id, createdAt }: Pick<Job, 'id' | 'createdAt'>) {
  return {
    key: toStorable(key),
    job_id: toStorable(id),
    fingerprint: toStorable(fingerprint),
    created_at: isoTime(Date.parse(createdAt)),
  }
}

/** The columns to set when a key of an older job goes to the job that is being inserted. */
export function takenOver({ ref }: ExpressionBuilder<OnConflictDatabase<Tables, 'idempotency_keys'>, 'excluded'>) {
  return {
    job_id: ref('excluded.job_id'),
    fingerprint: ref('excluded.fingerprint'),
    created_at: ref('excluded.created_at'),
  }
}

/**
 * Gives the key to a job that was just stored. When two processes do this at once, the second one waits at the primary key
 * until the transaction of the first one has ended.
 * @returns false if a job that is younger than `IDEMPOTENCY_WINDOW_MS` has the key
 */
export async function takeKey(db: SqlDb, idempotency: IdempotencyKey, job: Job): Promise<boolean> {
  const isOver = isoTime(Date.parse(job.createdAt) - IDEMPOTENCY_WINDOW_MS)
  const taken = await db
    .insertInto('idempotency_keys')
    .values(keyRow(idempotency, job))
    .onConflict((on) => on.column('key').doUpdateSet(takenOver).where('idempotency_keys.created_at', '<=', isOver))
    .executeTakeFirst()
  return (taken.numInsertedOrUpdatedRows ?? 0n) > 0n
}
