import type { JobSummary } from '@promptlab/contract'
import { type SqlBool, sql } from 'kysely'
import type { ChangeQuery, JobChange } from '../../jobs/ports/job-changes.ts'
import type { JobQuery } from '../../jobs/ports/stored-values.ts'
import { isShown } from './door-columns.ts'
import { isBeyond, isoTime, selectSummaries, summaryOf } from './job-row.ts'
import { readListedOptions } from './listed-options.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** Jobs as lists show them, as `JobRepository.list` says. */
export async function listJobs(
  db: SqlDb,
  dialect: SqlDialect,
  { limit, after, status, provider, owner }: JobQuery,
): Promise<JobSummary[]> {
  let query = selectSummaries(db, dialect).where(isShown(dialect))
  if (owner !== undefined) query = query.where('jobs.owner', '=', owner)
  if (status !== undefined) query = query.where('jobs.status', '=', status)
  if (provider !== undefined) query = query.where('jobs.provider', '=', toStorable(provider))
  if (after) query = query.where(isBeyond(after, '<'))
  const rows = await query.orderBy('jobs.created_at', 'desc').orderBy('jobs.id', 'desc').limit(limit).execute()
  const summaries: JobSummary[] = []
  for (const row of rows) summaries.push(summaryOf(row, await readListedOptions(db, row)))
  return summaries
}

/**
 * Jobs in the order of their changes, as `JobRepository.findChanged` says. They are found in an index alone, and then read: the
 * time of the change and whether a job is hidden lie behind the texts of a row.
 */
export async function findChanged(
  db: SqlDb,
  dialect: SqlDialect,
  { limit, after, owner }: ChangeQuery,
): Promise<JobChange[]> {
  const time = isoTime(Date.parse(after.updatedAt))
  let changed = db
    .selectFrom('jobs')
    .select(['id', 'changed_at'])
    .where('delete_after', 'is', null)
    .where('changed_at', 'is not', null)
    .where(sql<SqlBool>`(changed_at, id) > (${time}, ${toStorable(after.id)})`)
  if (owner !== undefined) changed = changed.where('owner', '=', owner)
  const rows = await selectSummaries(db, dialect)
    .innerJoin(changed.orderBy('changed_at').orderBy('id').limit(limit).as('changed'), 'changed.id', 'jobs.id')
    .select(['jobs.owner', 'changed.changed_at'])
    .$narrowType<{ changed_at: string }>()
    .orderBy('changed.changed_at')
    .orderBy('changed.id')
    .execute()
  const changes: JobChange[] = []
  for (const row of rows) {
    const job = summaryOf(row, await readListedOptions(db, row))
    changes.push({ job, owner: row.owner ?? undefined, position: { updatedAt: row.changed_at, id: job.id } })
  }
  return changes
}
