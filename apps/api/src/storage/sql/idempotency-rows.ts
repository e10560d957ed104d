import { IDEMPOTENCY_WINDOW_MS, type IdempotencyKey, type KeyedJob } from '../../jobs/job-repository.ts'
import { isoTime, keyedJobOf, selectKeyedJobs } from './job-row.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** The job that was created with the key within its window. */
export async function findByKey(db: SqlDb, key: string, now: number): Promise<KeyedJob | undefined> {
  const row = await selectKeyedJobs(db)
    .where('idempotency_keys.key', '=', toStorable(key))
    .where('idempotency_keys.created_at', '>', isoTime(now - IDEMPOTENCY_WINDOW_MS))
    .executeTakeFirst()
  return row && keyedJobOf(row)
}

/**
 * Gives the key to a job that was just stored. The primary key decides between two processes: the later one waits until
 * the transaction of the earlier one has ended.
 * @returns false if another job has the key and its window is not over
 */
export async function takeKey(
  db: SqlDb,
  { key, fingerprint }: IdempotencyKey,
  jobId: string,
  createdAt: number,
): Promise<boolean> {
  const taken = await db
    .insertInto('idempotency_keys')
    .values({
      key: toStorable(key),
      job_id: toStorable(jobId),
      fingerprint: toStorable(fingerprint),
      created_at: isoTime(createdAt),
    })
    .onConflict((on) =>
      on
        .column('key')
        .doUpdateSet((eb) => ({
          job_id: eb.ref('excluded.job_id'),
          fingerprint: eb.ref('excluded.fingerprint'),
          created_at: eb.ref('excluded.created_at'),
        }))
        .where('idempotency_keys.created_at', '<=', isoTime(createdAt - IDEMPOTENCY_WINDOW_MS)),
    )
    .executeTakeFirst()
  return (taken.numInsertedOrUpdatedRows ?? 0n) > 0n
}
