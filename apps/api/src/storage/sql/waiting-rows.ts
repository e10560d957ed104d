import { sql } from 'kysely'
import type { JobPosition, JobRun, WaitingJob } from '../../jobs/ports/stored-values.ts'
import { isBeyond, isoTime } from './job-row.ts'
import { notBeforeOf } from './run-columns.ts'
import type { Runner } from './sql-database.ts'
import { fromStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

// A literal, because the index on waiting jobs is not used with a parameter.
const PENDING = sql.lit<'pending'>('pending')

/** Waiting jobs, as `JobRepository.findPending` says. In SQLite only the index is read. */
export async function findPending(db: SqlDb, limit: number, after?: JobPosition): Promise<WaitingJob[]> {
  let query = db
    .selectFrom('jobs')
    .select(['jobs.id', 'jobs.provider', 'jobs.model', 'jobs.owner', 'jobs.created_at', 'jobs.waiting_for'])
    .where('jobs.status', '=', PENDING)
  if (after) query = query.where(isBeyond(after, '>'))
  const rows = await query.orderBy('jobs.created_at').orderBy('jobs.id').limit(limit).execute()
  return rows.map(({ id, provider, model, owner, created_at: createdAt, waiting_for }) => ({
    id: fromStorable(id),
    provider: fromStorable(provider),
    model: fromStorable(model),
    createdAt,
    ...(owner !== null && { owner }),
    ...(waiting_for !== null && { notBefore: notBeforeOf(waiting_for) }),
  }))
}

/** Jobs whose process is gone, as `JobRepository.findAbandoned` says. */
export async function findAbandoned(db: SqlDb, runner: Runner, limit: number): Promise<JobRun[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['jobs.id', 'jobs.run'])
    // A literal, because the index on running jobs is not used with a parameter.
    .where('jobs.status', '=', sql.lit<'running'>('running'))
    .where(runner.isGone())
    .orderBy('jobs.created_at')
    .orderBy('jobs.id')
    .limit(limit)
    .execute()
  return rows.map(jobRunOf)
}

/** The bytes of input that waiting jobs hold, by owner. In SQLite only the index is read. */
export async function countPendingBytes(db: SqlDb): Promise<ReadonlyMap<string | undefined, number>> {
  const rows = await db
    .selectFrom('jobs')
    .select(['owner', sql<number | string>`sum(coalesce(input_bytes, 0))`.as('bytes')])
    .where('status', '=', PENDING)
    .groupBy('owner')
    .execute()
  return new Map(rows.map(({ owner, bytes }) => [owner ?? undefined, Number(bytes)]))
}

/**
 * Jobs that nobody waits for any more, as `JobRepository.findUnwatched` says. In SQLite only the index is read.
 * @param now milliseconds since the epoch
 */
export async function findUnwatched(db: SqlDb, now: number, limit: number): Promise<JobRun[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'run'])
    .where('watched_until', '<=', isoTime(now))
    .where('ended_at', 'is', null)
    .orderBy('watched_until')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(jobRunOf)
}

function jobRunOf({ id, run }: { readonly id: string; readonly run: number }): JobRun {
  return { id: fromStorable(id), ...(run > 0 && { run }) }
}
