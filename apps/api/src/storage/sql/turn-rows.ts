import { sql } from 'kysely'
import type { Turns, TurnsQuery } from '../../jobs/ports/stored-values.ts'
import { isShown } from './door-columns.ts'
import { jobOf, selectJobs } from './job-row.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** The columns whose sizes tell how much a job takes. */
const SIZED = ['prompt', 'messages', 'options', 'result', 'parts', 'tape']

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
  const ids = newest.map((turn) => turn.id)
  const rows = await selectJobs(db, dialect).where('jobs.id', 'in', ids).execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  // One may have been removed since.
  const found = ids.map((each) => byId.get(each))
  const gap = found.indexOf(undefined)
  const turns = (gap === -1 ? found : found.slice(0, gap)).flatMap((row) => (row ? [jobOf(row)] : []))
  return { jobs: turns.reverse(), hasEarlier: gap === -1 && tooMuch !== -1 }
}

/** The ids of the jobs, newest first, up to one more than asked for, with their sizes. */
async function findChain(
  db: SqlDb,
  dialect: SqlDialect,
  id: string,
  { owner, limit }: Omit<TurnsQuery, 'id'>,
): Promise<{ id: string; bytes: number | string }[]> {
  const sizes = SIZED.map((column) => sql`coalesce(octet_length(${sql.ref(`jobs.${column}`)}), 0)`)
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
