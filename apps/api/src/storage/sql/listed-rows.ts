import type { JobSummary } from '@promptlab/contract'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { ChangeQuery, JobChange } from '../../jobs/ports/job-changes.ts'
import type { JobQuery } from '../../jobs/ports/stored-values.ts'
import { isShown } from './door-columns.ts'
import { isBeyond, isoTime, selectSummaries, summaryOf } from './job-row.ts'
import { readListedOptions } from './listed-options.ts'
import { digestOfEntry } from './metadata-rows.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** Jobs as lists show them, as `JobRepository.list` says. */
export async function listJobs(db: SqlDb, dialect: SqlDialect, query: JobQuery): Promise<JobSummary[]> {
  const [entry] = Object.entries(query.metadata ?? {})
  if (entry) return await listByEntry(db, dialect, query, entry)
  const { limit, after } = query
  let selected = selectSummaries(db, dialect).where(isListed(dialect, query))
  if (after) selected = selected.where(isBeyond(after, '<'))
  const rows = await selected.orderBy('jobs.created_at', 'desc').orderBy('jobs.id', 'desc').limit(limit).execute()
  return await summariesOf(db, rows)
}

/** Jobs that have an entry in their metadata. The index of entries has the order of lists. */
async function listByEntry(
  db: SqlDb,
  dialect: SqlDialect,
  query: JobQuery,
  [name, value]: readonly [string, string],
): Promise<JobSummary[]> {
  const { after, owner, createdFrom, createdBefore, limit } = query
  const conditions = [
    sql`entry.digest = ${digestOfEntry(name, value)}`,
    ...(owner === undefined ? [] : [sql`entry.owner = ${owner}`]),
    ...(after ? [sql`(entry.created_at, entry.job_id) < (${after.createdAt}, ${toStorable(after.id)})`] : []),
    ...(createdFrom === undefined ? [] : [sql`entry.created_at >= ${createdFrom}`]),
    ...(createdBefore === undefined ? [] : [sql`entry.created_at < ${createdBefore}`]),
    isListed(dialect, query),
    hasEntries('jobs.id', query),
  ]
  const { rows } = await sql<{ id: string }>`
    select jobs.id from job_metadata as entry join jobs on jobs.id = entry.job_id
    where ${sql.join(conditions, sql` and `)} order by entry.created_at desc, entry.job_id desc limit ${limit}`.execute(
    db,
  )
  return await readSummaries(
    db,
    dialect,
    rows.map(({ id }) => id),
  )
}

/**
 * The condition that the metadata of a job has all entries of a query.
 * @param id the column with the id of the job
 */
export function hasEntries(id: string, { metadata = {} }: JobQuery): RawBuilder<SqlBool> {
  const digests = Object.entries(metadata).map((entry) => digestOfEntry(...entry))
  const conditions = digests.map(
    (digest) =>
      sql`exists (select 1 from job_metadata as noted where noted.job_id = ${sql.ref(id)} and noted.digest = ${digest})`,
  )
  return conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}

/** The condition on a row of `jobs` that a list shows it, but for its place in the list and its metadata. */
export function isListed(dialect: SqlDialect, query: JobQuery): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.join([isShown(dialect), ...filtersOf('jobs', query)], sql` and `)})`
}

/** The conditions on the columns of a job. */
export function filtersOf(
  table: 'jobs' | 'job_search',
  { owner, status, provider, model, createdFrom, createdBefore }: JobQuery,
): RawBuilder<unknown>[] {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  return [
    ...(owner === undefined ? [] : [sql`${column('owner')} = ${owner}`]),
    ...(status === undefined ? [] : [sql`${column('status')} = ${status}`]),
    ...(provider === undefined ? [] : [sql`${column('provider')} = ${toStorable(provider)}`]),
    ...(model === undefined ? [] : [sql`${column('model')} = ${toStorable(model)}`]),
    ...(createdFrom === undefined ? [] : [sql`${column('created_at')} >= ${createdFrom}`]),
    ...(createdBefore === undefined ? [] : [sql`${column('created_at')} < ${createdBefore}`]),
  ]
}

/**
 * Those of some jobs that lists show, in the order of lists.
 * @param ids as the store has them
 */
export async function readSummaries(db: SqlDb, dialect: SqlDialect, ids: readonly string[]): Promise<JobSummary[]> {
  if (ids.length === 0) return []
  const rows = await selectSummaries(db, dialect)
    .where('jobs.id', 'in', ids)
    .where(isShown(dialect))
    .orderBy('jobs.created_at', 'desc')
    .orderBy('jobs.id', 'desc')
    .execute()
  return await summariesOf(db, rows)
}

async function summariesOf(
  db: SqlDb,
  rows: readonly (Parameters<typeof summaryOf>[0] & Parameters<typeof readListedOptions>[1])[],
): Promise<JobSummary[]> {
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
