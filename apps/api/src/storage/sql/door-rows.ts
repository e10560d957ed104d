import { type RawBuilder, sql } from 'kysely'
import type { DoorClient } from '../../jobs/door.ts'
import type { ClientState, RequestedJob } from '../../jobs/ports/stored-values.ts'
import { clientJson, deletionTime, parseClient } from './door-columns.ts'
import { isoTime } from './job-row.ts'
import { watchTime } from './run-columns.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** The jobs that were made of a request, as `JobRepository.findByRequest` says. In SQLite only the index is read. */
export async function findByRequest(db: SqlDb, digest: string, limit: number): Promise<RequestedJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'status', 'client'])
    .where('request_digest', '=', digest)
    .where('status', 'not in', ['failed', 'cancelled'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id, status, client }) => ({
    id: fromStorable(id),
    status,
    ...(client !== null && { client: parseClient(client) }),
  }))
}

/**
 * Stores how the client of a job stands, if it stands as `from` says.
 * @returns whether it did
 */
export async function replaceClient(
  db: SqlDb,
  id: string,
  { client, deleteAfter, watchedUntil }: ClientState,
  from: DoorClient | undefined,
): Promise<boolean> {
  const deletion = deleteAfter === undefined ? {} : { delete_after: deletionTime(deleteAfter) }
  const watch = watchedUntil === undefined ? {} : { watched_until: unlessFinal(watchTime(watchedUntil)) }
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({ client: clientJson(client), ...deletion, ...watch })
    .where('id', '=', toStorable(id))
    .where('client', from ? '=' : 'is', clientJson(from))
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

function unlessFinal(value: string): RawBuilder<string | null> {
  return sql<string | null>`case when ended_at is null then ${value} end`
}

/** Whether the stored client of a job stands so. */
export async function hasClient(db: SqlDb, id: string, { client }: ClientState): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', toStorable(id))
    .where('client', client ? '=' : 'is', clientJson(client))
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Removes final jobs whose time to be removed has come, those first whose time came first. One statement: in PostgreSQL it
 * locks the jobs and judges them again, and leaves those to another process that it removes just now.
 * @param now milliseconds since the epoch
 * @returns how many were removed
 */
export async function removeHidden(db: SqlDb, dialect: SqlDialect, now: number, limit: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    with due as materialized (
      select id from jobs where delete_after <= ${isoTime(now)} and ended_at is not null
      order by delete_after limit ${limit} ${dialect === 'postgres' ? sql`for update skip locked` : sql``}
    )
    delete from jobs where id in (select id from due)`.execute(db)
  return Number(numAffectedRows)
}
