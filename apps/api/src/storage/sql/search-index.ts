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
/** Ends that are looked at together. */
const ENDS_PER_LOOK = 500

/** A position in the order of the ends of jobs. */
interface EndPosition {
  readonly ended_at: string
  readonly id: string
}

interface Walk {
  /** Where it goes on when nothing is missing any more. */
  readonly at: EndPosition
  /** The ids of jobs before that, which are still to be added. */
  readonly missing: readonly string[]
  /** The time up to which the index is complete when the walk is over. */
  readonly settles: number | undefined
}

/**
 * Adds jobs to the index of the search when they have ended. It walks over the ends of jobs in the order of time, and adds those
 * that are missing: every few seconds the latest, every minute those of a quarter of an hour, and at the start and every hour
 * all of them. So the write that ends a job does nothing for the search.
 */
export class SearchIndex {
  readonly #database: SqlDatabase
  /** The walk that is under way. */
  #walk: Walk | undefined
  /** When the last walk over the latest ends, over those within `LATE_MS`, and over all began. */
  #walkedAt = { latest: 0, late: 0, all: 0 }

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  /** As `JobRepository.indexEnded` says. */
  async indexEnded(now: number, limit: number): Promise<boolean> {
    const begun = this.#walk ?? this.#begin(now)
    this.#walk = begun
    const walk = begun.missing.length > 0 ? begun : await this.#lookBehind(begun)
    this.#walk = walk
    if (!walk) {
      if (begun.settles !== undefined) await this.#settle(isoTime(begun.settles))
      return false
    }
    // False if another process is at it.
    if (walk.missing.length > 0 && !(await this.#add(walk.missing.slice(0, limit)))) return false
    this.#walk = { ...walk, missing: walk.missing.slice(limit) }
    return true
  }

  #begin(now: number): Walk {
    const { latest, late, all } = this.#walkedAt
    const isOver = (kind: 'late' | 'all', since: number) => now - since >= REPEAT_MS[kind] || now < since
    const walksAll = isOver('all', all)
    const walksLate = walksAll || isOver('late', late)
    const from = isoTime(walksLate ? now - LATE_MS - MINUTE_MS : latest - OVERLAP_MS)
    this.#walkedAt = { latest: now, late: walksLate ? now : late, all: walksAll ? now : all }
    return {
      at: { ended_at: walksAll ? '' : from, id: '' },
      missing: [],
      settles: walksLate ? now - LATE_MS : undefined,
    }
  }

  /** Undefined if there are no more ends. */
  async #lookBehind({ at, settles }: Walk): Promise<Walk | undefined> {
    const { db, dialect } = this.#database
    const isMissing = sql<number>`case when job_search.job_id is null then 1 else 0 end`
    const ends = await db
      .selectFrom('jobs')
      .leftJoin('job_search', 'job_search.job_id', 'jobs.id')
      .select(['jobs.id', 'jobs.ended_at', isMissing.as('is_missing')])
      .where('jobs.ended_at', 'is not', null)
      .where('jobs.ended_at', '>=', at.ended_at)
      .where(sql<SqlBool>`(jobs.ended_at, jobs.id) > (${at.ended_at}, ${at.id})`)
      .where(isShown(dialect))
      .orderBy('jobs.ended_at')
      .orderBy('jobs.id')
      .limit(ENDS_PER_LOOK)
      .$narrowType<{ ended_at: string }>()
      .execute()
    const last = ends.at(-1)
    if (!last) return undefined
    return { at: last, missing: ends.flatMap(({ id, is_missing }) => (is_missing === 1 ? [id] : [])), settles }
  }

  /**
   * In SQLite the words are found before the transaction, for which other changes wait.
   * @returns false if another process adds jobs just now
   */
  async #add(ids: readonly string[]): Promise<boolean> {
    const { db, dialect } = this.#database
    if (dialect === 'sqlite') {
      const jobs = await readWords(db, ids)
      await this.#database.transact(async (db) => {
        for (const job of jobs) await addInSqlite(db, job)
      })
      return true
    }
    return await this.#database.transact(async (db) => {
      if (!(await takeTurn(db))) return false
      const jobs = await readWords(db, ids)
      if (jobs.length > 0) await addInPostgres(db, jobs)
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
  /** The words of its texts, with a space between two. */
  readonly words: string
}

/** Reads the jobs that no other process has added meanwhile. */
async function readWords(db: SqlDb, ids: readonly string[]): Promise<IndexedJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['id', selectSearched('prompt').as('prompt'), selectSearched('result').as('result')])
    .where('id', 'in', ids)
    .where(({ exists, not, selectFrom }) =>
      not(exists(selectFrom('job_search').select('job_id').whereRef('job_search.job_id', '=', 'jobs.id'))),
    )
    .execute()
  const jobs: IndexedJob[] = []
  for (const { id, prompt, result } of rows) {
    const words = new Set([prompt, result].flatMap((text) => [...wordsOf(fromStorable(text ?? ''))]))
    jobs.push({ id, words: [...words].join(' ') })
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

/** Adds jobs, except those that were removed meanwhile. */
async function addInPostgres(db: SqlDb, jobs: readonly IndexedJob[]): Promise<void> {
  const ids = jobs.map(({ id }) => id)
  const words = jobs.map(({ words }) => words)
  await sql`insert into job_search (job_id, owner, created_at, status, provider, model, words)
    select id, owner, created_at, status, provider, model, array_to_tsvector(string_to_array(added.words, ' '))
    from unnest(${ids}::text[], ${words}::text[]) as added (job_id, words) join jobs on jobs.id = added.job_id
    for key share of jobs
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
  if (row) await sql`insert into job_words (rowid, words) values (${row.place}, ${words})`.execute(db)
}
