import { sql } from 'kysely'
import type { StoredJob } from '../../jobs/job.ts'
import type { TurnIds, Turns, TurnsQuery } from '../../jobs/ports/stored-values.ts'
import { isShown } from './door-columns.ts'
import { jobOf, selectJobs } from './job-row.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** The columns whose sizes tell how much a job takes. */
const SIZED = ['prompt', 'messages', 'options', 'result', 'parts', 'tape', 'history']

/**
 * The newest jobs of a conversation, as `JobRepository.findTurns` says: one statement goes up the conversation by its index,
 * and one reads the jobs.
 */
export async function findTurns(db: SqlDb, dialect: SqlDialect, { id, ...query }: TurnsQuery): Promise<Turns> {
  const { limit, maxBytes } = query
  const chain = await findChain(db, dialect, id, query)
  let bytes = 0
  const tooMuch = chain.findIndex((turn, index) => {
    bytes += Number(turn.bytes)
    return index === limit || (index > 0 && bytes > maxBytes)
  })
  const newest = tooMuch === -1 ? chain : chain.slice(0, tooMuch)
  if (newest.length === 0) return { jobs: [], hasEarlier: false }
  const found = await rowsOf(
    db,
    dialect,
    newest.map((turn) => turn.id),
  )
  // One may have been removed since.
  const gap = found.indexOf(undefined)
  const turns = (gap === -1 ? found : found.slice(0, gap)).flatMap((row) => (row ? [jobOf(row)] : []))
  return { jobs: turns.reverse(), hasEarlier: gap === -1 && tooMuch !== -1 }
}

/** The jobs with these ids, as `JobRepository.findEach` says. */
export async function findEach(db: SqlDb, dialect: SqlDialect, ids: readonly string[]): Promise<StoredJob[]> {
  const rows = await rowsOf(db, dialect, ids.map(toStorable))
  return rows.flatMap((row) => (row ? [jobOf(row)] : []))
}

/** @param ids as they are stored */
async function rowsOf(db: SqlDb, dialect: SqlDialect, ids: readonly string[]) {
  if (ids.length === 0) return []
  const rows = await selectJobs(db, dialect).where('jobs.id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.map((each) => byId.get(each))
}

/**
 * The ids of the jobs of a conversation, as `JobRepository.findTurnIds` says. Both parts of the statement are answered from
 * indexes, so no row is read.
 */
export async function findTurnIds(db: SqlDb, id: string, limit: number): Promise<TurnIds> {
  const { rows } = await sql<{ id: string; is_there: number | boolean }>`
    with recursive turns(id, place) as (
      select jobs.id, 0 from jobs where jobs.id = ${toStorable(id)}
      union all
      select jobs.previous_job_id, turns.place + 1 from turns join jobs on jobs.id = turns.id
      where jobs.previous_job_id is not null and turns.place + 1 < ${limit}
    )
    select turns.id, exists (select 1 from jobs where jobs.id = turns.id) as is_there from turns order by place`.execute(
    db,
  )
  const ids = rows.map((row) => fromStorable(row.id))
  const end = rows.at(-1)
  if (!end) return { ids, goneId: id }
  return end.is_there ? { ids } : { ids: ids.slice(0, -1), goneId: ids.at(-1) }
}

/** The ids of the jobs, newest first, up to one more than asked for, with their sizes. */
async function findChain(
  db: SqlDb,
  dialect: SqlDialect,
  id: string,
  { owner, limit }: Omit<TurnsQuery, 'id'>,
): Promise<{ id: string; bytes: number | string }[]> {
  const own = SIZED.map((column) => sql`coalesce(octet_length(${sql.ref(`jobs.${column}`)}), 0)`)
  const sizes = [...own, sql`coalesce(jobs.history_bytes, 0)`]
  const isTheirs = owner === undefined ? sql`true` : sql`jobs.owner = ${owner}`
  const turn = (place: string) => sql`
    select jobs.id, jobs.previous_job_id, ${sql.raw(place)}, ${sql.join(sizes, sql` + `)}`
  const isFound = sql`${isTheirs} and ${isShown(dialect)}`
  const { rows } = await sql<{ id: string; bytes: number | string }>`
    with recursive turns(id, previous_job_id, place, bytes) as (
      ${turn('0')} from jobs where jobs.id = ${toStorable(id)} and ${isFound}
      union all
      ${turn('turns.place + 1')} from turns join jobs on jobs.id = turns.previous_job_id
      where turns.place < ${limit} and ${isFound}
    )
    select id, bytes from turns order by place`.execute(db)
  return rows
}
