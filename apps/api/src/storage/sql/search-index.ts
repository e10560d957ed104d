import { setImmediate } from 'node:timers/promises'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { SEARCHED_LENGTH, wordsOf } from '../../jobs/search/words.ts'
import { isShown } from './door-columns.ts'
import { isoTime } from './job-row.ts'
import type { SqlDatabase } from './sql-database.ts'
import { fromStorable, STORABLE_UNIT_LENGTH } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/** The end of a job is stored later than the time in it by this at most, as a rule: the store may not answer for some time. */
const LATE_MS = 15 * MINUTE_MS
/** How often jobs are looked for that ended within `LATE_MS`, and all jobs. */
const REPEAT_MS = { late: MINUTE_MS, all: 60 * MINUTE_MS }
/** A walk that goes on behind the one before looks so much further back: processes store at the same time. */
const OVERLAP_MS = 10 * SECOND_MS
/** Ends that are looked at in one step. */
const ENDS_PER_STEP = 500

/** A position in the order of the ends of jobs. */
interface EndPosition {
  readonly ended_at: string
  readonly id: string
}

/**
 * Adds jobs to the index of the search when they have ended. It walks over the ends of jobs in the order of time, and adds those
 * that are missing: every few seconds the latest, every minute those of a quarter of an hour, and at the start and every hour
 * all of them. So the write that ends a job does nothing for the search.
 */
export class SearchIndex {
  readonly #database: SqlDatabase
  /** The walk that is under way: where it goes on, and the time up to which the index is complete when it is over. */
  #walk: { readonly at: EndPosition; readonly settles: number | undefined } | undefined
  /** When the last walk over the latest ends, over those within `LATE_MS`, and over all began. */
  #walkedAt = { any: 0, late: 0, all: 0 }

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  /** As `JobRepository.indexEnded` says. */
  async indexEnded(now: number, limit: number): Promise<boolean> {
    const walk = this.#walk ?? this.#begin(now)
    this.#walk = walk
    const ends = await this.#endsBehind(walk.at)
    const missing = ends.filter(({ is_missing }) => is_missing === 1).slice(0, limit)
    // False if another process is at it.
    if (missing.length > 0 && !(await this.#add(missing))) return false
    const at = missing.length === limit ? missing.at(-1) : ends.at(-1)
    if (at && (missing.length === limit || ends.length === ENDS_PER_STEP)) {
      this.#walk = { ...walk, at }
      return true
    }
    this.#walk = undefined
    if (walk.settles !== undefined) await this.#settle(isoTime(walk.settles))
    return false
  }

  #begin(now: number) {
    const { any, late, all } = this.#walkedAt
    const isOver = (kind: 'late' | 'all', since: number) => now - since >= REPEAT_MS[kind] || now < since
    const walksAll = isOver('all', all)
    const walksLate = walksAll || isOver('late', late)
    const from = isoTime(walksLate ? now - LATE_MS - MINUTE_MS : any - OVERLAP_MS)
    this.#walkedAt = { any: now, late: walksLate ? now : late, all: walksAll ? now : all }
    return { at: { ended_at: walksAll ? '' : from, id: '' }, settles: walksLate ? now - LATE_MS : undefined }
  }

  async #endsBehind({ ended_at, id }: EndPosition) {
    const { db, dialect } = this.#database
    const isMissing = sql<number>`case when job_search.job_id is null then 1 else 0 end`
    return await db
      .selectFrom('jobs')
      .leftJoin('job_search', 'job_search.job_id', 'jobs.id')
      .select(['jobs.id', 'jobs.ended_at', isMissing.as('is_missing')])
      .where('jobs.ended_at', 'is not', null)
      .where('jobs.ended_at', '>=', ended_at)
      .where(sql<SqlBool>`(jobs.ended_at, jobs.id) > (${ended_at}, ${id})`)
      .where(isShown(dialect))
      .orderBy('jobs.ended_at')
      .orderBy('jobs.id')
      .limit(ENDS_PER_STEP)
      .$narrowType<{ ended_at: string }>()
      .execute()
  }

  /**
   * In SQLite the words are found before the transaction, for which other changes wait.
   * @returns false if another process adds jobs just now
   */
  async #add(ends: readonly EndPosition[]): Promise<boolean> {
    const { db, dialect } = this.#database
    if (dialect === 'sqlite') {
      const jobs = await readWords(db, ends)
      await this.#database.transact(async (db) => {
        for (const job of jobs) await addInSqlite(db, job)
      })
      return true
    }
    return await this.#database.transact(async (db) => {
      if (!(await takeTurn(db))) return false
      for (const job of await readWords(db, ends)) await addInPostgres(db, job)
      return true
    })
  }

  /** Notes up to which time the index is complete, so that no search looks for missing jobs before it. */
  async #settle(time: string): Promise<void> {
    const row = { id: 1, settled_at: time }
    await this.#database.write((db) =>
      db
        .insertInto('search_progress')
        .values(row)
        .onConflict((on) => on.column('id').doUpdateSet(row).where('search_progress.settled_at', '<', time))
        .execute(),
    )
  }
}

/** Forgets how far the index is complete: jobs are copied into the store that ended long ago. */
export async function unsettleSearch(db: SqlDb): Promise<void> {
  await db.deleteFrom('search_progress').execute()
}

/** The time up to which the index has all jobs that ended before. */
export async function readSettled(db: SqlDb): Promise<string> {
  const row = await db.selectFrom('search_progress').select('settled_at').where('id', '=', 1).executeTakeFirst()
  return row?.settled_at ?? ''
}

/** The beginning of a text that is searched, as the store has it. */
export function selectSearched(column: 'prompt' | 'result'): RawBuilder<string | null> {
  return sql<string | null>`substr(${sql.ref(`jobs.${column}`)}, 1, ${sql.lit(SEARCHED_LENGTH * STORABLE_UNIT_LENGTH)})`
}

interface IndexedJob {
  readonly id: string
  readonly words: readonly string[]
}

/** Jobs with the words of their texts. */
async function readWords(db: SqlDb, ends: readonly EndPosition[]): Promise<IndexedJob[]> {
  const ids = ends.map(({ id }) => id)
  const rows = await db
    .selectFrom('jobs')
    .select(['id', selectSearched('prompt').as('prompt'), selectSearched('result').as('result')])
    .where('id', 'in', ids)
    .execute()
  const jobs: IndexedJob[] = []
  for (const { id, prompt, result } of rows) {
    const words = new Set([prompt, result].flatMap((text) => [...wordsOf(fromStorable(text ?? ''))]))
    jobs.push({ id, words: [...words] })
    // A long text takes some milliseconds.
    await setImmediate()
  }
  return jobs
}

/** Waits for nobody, and holds until the end of the transaction. The number is that of this lock alone. */
async function takeTurn(db: SqlDb): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(7308332046) as taken`.execute(db)
  return rows[0]?.taken === true
}

/** Adds a job, unless it was removed meanwhile. */
async function addInPostgres(db: SqlDb, { id, words }: IndexedJob): Promise<void> {
  await sql`insert into job_search (job_id, owner, created_at, status, provider, model, words)
    select id, owner, created_at, status, provider, model, array_to_tsvector(${words}::text[])
    from jobs where id = ${id} for key share
    on conflict do nothing`.execute(db)
}

/** Adds a job, unless it was removed meanwhile. */
async function addInSqlite(db: SqlDb, { id, words }: IndexedJob): Promise<void> {
  const { rows } = await sql<{
    place: number
  }>`insert into job_search (job_id, owner, created_at, status, provider, model)
    select id, owner, created_at, status, provider, model from jobs where id = ${id} on conflict do nothing returning place`.execute(
    db,
  )
  const [row] = rows
  if (row) await sql`insert into job_words (rowid, words) values (${row.place}, ${words.join(' ')})`.execute(db)
}
