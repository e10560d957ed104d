import type { StoredJob } from '../../jobs/job.ts'
import type { JobState } from '../../jobs/ports/stored-values.ts'
import { usagesOf } from '../../jobs/usage/usage-entry.ts'
import { removeCheckpoints } from './growth-rows.ts'
import { isInState, stateOf } from './job-row.ts'
import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'
import { updateAndCount } from './usage-rows.ts'

/**
 * Stores the next state of a job, as `JobRepository.replace` says.
 * @param hasCheckpoints whether the stored state may have checkpoints, which are removed: the new state has the whole answer
 */
export async function replaceJob(
  database: SqlDatabase,
  next: StoredJob,
  from: JobState,
  hasCheckpoints: boolean,
): Promise<boolean> {
  if (database.batches) return await database.batches.replace(next, from, hasCheckpoints)
  // In SQLite a write is a transaction, so that the ledger may take a second statement.
  if (!hasCheckpoints) return await database.write((db) => replaceRow(db, database, next, from))
  return await database.transact(async (db) => {
    const isReplaced = await replaceRow(db, database, next, from)
    if (isReplaced) await removeCheckpoints(db, next.id)
    return isReplaced
  })
}

async function replaceRow(
  db: SqlDb,
  { dialect, runner }: SqlDatabase,
  next: StoredJob,
  from: JobState,
): Promise<boolean> {
  const update = db
    .updateTable('jobs')
    .set(stateOf(next, runner.id))
    .where('id', '=', toStorable(next.id))
    .where(isInState(from))
  const usages = usagesOf(next)
  if (usages.length > 0) return await updateAndCount(db, dialect, update, usages)
  const { numUpdatedRows } = await update.executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Whether the stored job is in this state, stored by this process. */
export async function holdsState({ db, runner }: SqlDatabase, next: StoredJob): Promise<boolean> {
  const { updated_at, runner_id } = stateOf(next, runner.id)
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', toStorable(next.id))
    .where(isInState(next))
    .where('updated_at', '=', updated_at)
    .where('runner_id', runner_id === null ? 'is' : '=', runner_id)
    .executeTakeFirst()
  return row !== undefined
}
