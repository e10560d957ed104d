import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { PreviousJobGoneError } from '../../jobs/ports/storage-errors.ts'
import type { JobExpiry } from '../../jobs/ports/stored-values.ts'
import { isoTime } from './job-row.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/**
 * Holds a job until the transaction ends, so that it cannot be removed meanwhile. Transactions that hold the same job do not
 * wait for each other.
 * @throws PreviousJobGoneError there is no such job
 */
export async function lockPreviousJob(db: SqlDb, dialect: SqlDialect, id: string): Promise<void> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', toStorable(id))
    .$if(dialect === 'postgres', (query) => query.forKeyShare())
    .executeTakeFirst()
  if (!row) throw new PreviousJobGoneError(id)
}

/**
 * Removes expired jobs, those that ended first before others. To be called in a transaction: jobs are locked first and judged
 * again in a second statement, which sees every job that was stored behind one of them before the lock.
 * @returns how many were removed
 */
export async function removeExpired(
  db: SqlDb,
  dialect: SqlDialect,
  { endedBefore, endedLongBefore, evenUntold = false }: JobExpiry,
  limit: number,
): Promise<number> {
  const [before, longBefore] = [isoTime(endedBefore), isoTime(endedLongBefore)]
  const goesOn = hasYoungerBehind(before)
  const isTold = evenUntold ? sql<SqlBool>`true` : hasBeenTold(dialect)
  // Upwards from the jobs right before one that is not expired, so that each job of a conversation is visited once.
  const found = await sql<{ id: string }>`
    with recursive kept(id) as (
      select jobs.id from jobs where jobs.ended_at < ${before} and ${goesOn}
      union
      select jobs.previous_job_id from kept join jobs on jobs.id = kept.id where jobs.previous_job_id is not null
    )
    select jobs.id from jobs
    where jobs.ended_at < ${before} and ${isTold} and (jobs.ended_at < ${longBefore} or jobs.id not in (select id from kept))
    order by jobs.ended_at limit ${limit} ${dialect === 'postgres' ? sql`for update skip locked` : sql``}`.execute(db)
  if (found.rows.length === 0) return 0
  const { numDeletedRows } = await db
    .deleteFrom('jobs')
    .where(
      'id',
      'in',
      found.rows.map(({ id }) => id),
    )
    .where(sql<SqlBool>`(jobs.ended_at < ${longBefore} or not ${goesOn})`)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/**
 * The condition on the row of a job that has ended that nobody is still to be told of it. In SQLite the column lies behind the
 * texts of a row, which a sweep must not read, so the few jobs that are to be told are found in their index. A job that was
 * told once is never to be told again, so that this need not be judged a second time.
 */
function hasBeenTold(dialect: SqlDialect): RawBuilder<SqlBool> {
  if (dialect === 'postgres') return sql<SqlBool>`jobs.notify_at is null`
  return sql<SqlBool>`jobs.id not in (
    select untold.id from jobs as untold where untold.notify_at is not null and untold.ended_at is not null)`
}

/** The condition on a row of `jobs`: a job right behind it has not ended, or ended at the time or later. */
function hasYoungerBehind(time: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (
    select 1 from jobs as behind
    where behind.previous_job_id = jobs.id and (behind.ended_at is null or behind.ended_at >= ${time}))`
}
