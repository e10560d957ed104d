import { sql } from 'kysely'
import type { SqlDb } from './tables.ts'

/**
 * Takes a lock that names a process, as a select for `pg`, with the id of the process as its parameter. PostgreSQL releases
 * it when the connection ends, so also at once when the process is killed. It is shared: when a connection is made anew,
 * PostgreSQL may not have noticed the end of the earlier one.
 */
export const TAKE_PROCESS_LOCK = 'select pg_advisory_lock_shared(hashtextextended($1, 0))'

/** Whether some connection to this database holds the lock of a process. */
export async function holdsProcessLock(db: SqlDb, processId: string): Promise<boolean> {
  // A key of 64 bits is in two columns, and has 1 in a third.
  const { rows } = await sql`
    select from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
      and (classid::bigint << 32) | objid::bigint = hashtextextended(${processId}, 0)
      and database = (select oid from pg_database where datname = current_database())
    limit 1`.execute(db)
  return rows.length > 0
}
