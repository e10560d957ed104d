import { setImmediate } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { FoundJobs, JobPosition, JobSearch } from '../../jobs/ports/stored-values.ts'
import { hasWords, SEARCHED_LENGTH } from '../../jobs/search/words.ts'
import { isBeyond } from './job-row.ts'
import { filtersOf, hasEntries, isListed, readSummaries } from './listed-rows.ts'
import { readSettled, selectSearched } from './search-index.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** Jobs that are not in the index, and that one page looks at. */
const MAX_UNINDEXED = 1_000
/** Their texts are read in slices, between which other work is done. */
const PER_SLICE = 16
/** A page ends where more of their texts would be read, in UTF-16 code units: some 100 ms. */
const MAX_READ = 4_000_000

/** A job as it is found, with its id as the store has it. */
interface Hit {
  readonly id: string
  readonly created_at: string
}

/**
 * Searches jobs, as `JobRepository.search` says. Jobs that are not in the index are found first: one that is added to it
 * meanwhile is then found twice, and not missed.
 */
export async function searchJobs(db: SqlDb, dialect: SqlDialect, query: JobSearch): Promise<FoundJobs> {
  const unindexed = await matchUnindexed(db, dialect, query)
  const indexed = await findIndexed(db, dialect, query)
  const { end } = unindexed
  const all = new Map([...unindexed.hits, ...indexed].map((hit) => [hit.id, hit]))
  const hits = [...all.values()]
    .filter((hit) => !end || compareHits(hit, end) <= 0)
    .sort(compareHits)
    .slice(0, query.limit)
  const jobs = await readSummaries(
    db,
    dialect,
    hits.map(({ id }) => id),
  )
  // A full page goes on behind its last job, also if that was removed meanwhile.
  const last = hits.length === query.limit ? hits.at(-1) : end
  return { jobs, ...(last && { goesOnAt: positionOf(last) }) }
}

/** Negative if `a` comes first in a list. */
function compareHits(a: Hit, b: Hit): number {
  if (a.created_at !== b.created_at) return a.created_at > b.created_at ? -1 : 1
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1
}

function positionOf({ id, created_at }: Hit): JobPosition {
  return { createdAt: created_at, id: fromStorable(id) }
}

async function findIndexed(db: SqlDb, dialect: SqlDialect, query: JobSearch): Promise<Hit[]> {
  const { after, limit } = query
  const conditions = [
    ...filtersOf('job_search', query),
    hasEntries('job_search.job_id', query),
    ...(after ? [sql`(job_search.created_at, job_search.job_id) < (${after.createdAt}, ${toStorable(after.id)})`] : []),
  ]
  const { rows } = await sql<Hit>`
    select job_search.job_id as id, job_search.created_at from ${indexOf(dialect, query.words)}
    and ${sql.join(conditions, sql` and `)}
    order by job_search.created_at desc, job_search.job_id desc limit ${limit}`.execute(db)
  return rows
}

/** Words have letters and digits only, so that they need no quotes of their own. */
function indexOf(dialect: SqlDialect, words: readonly string[]): RawBuilder<unknown> {
  if (dialect === 'postgres') {
    return sql`job_search where job_search.words @@ ${words.map((word) => `'${word}':*`).join(' & ')}::tsquery`
  }
  return sql`job_words join job_search on job_search.place = job_words.rowid
    where job_words match ${words.map((word) => `"${word}"*`).join(' AND ')}`
}

/** The jobs that are not in the index and have the words, and where the search ended if it did not look at all of them. */
async function matchUnindexed(db: SqlDb, dialect: SqlDialect, query: JobSearch): Promise<{ hits: Hit[]; end?: Hit }> {
  const candidates = await findUnindexed(db, dialect, query)
  const hits: Hit[] = []
  let read = 0
  for (let start = 0; start < candidates.length; start += PER_SLICE) {
    const slice = candidates.slice(start, start + PER_SLICE)
    if (start > 0) await setImmediate()
    const texts = await readTexts(db, slice)
    for (const hit of slice) {
      const found = texts.get(hit.id) ?? []
      read += found.reduce((sum, text) => sum + text.length, 0)
      if (hasWords(found, query.words)) hits.push(hit)
    }
    const end = slice.at(-1)
    if (end && start + PER_SLICE < candidates.length && (read > MAX_READ || hits.length >= query.limit))
      return { hits, end }
  }
  const end = candidates.length === MAX_UNINDEXED ? candidates.at(-1) : undefined
  return { hits, ...(end && { end }) }
}

/** Few, as a rule. They are found by their state first, for which there are indexes. */
async function findUnindexed(db: SqlDb, dialect: SqlDialect, query: JobSearch): Promise<Hit[]> {
  const { after } = query
  const isMissing = sql`not exists (select 1 from job_search where job_search.job_id = jobs.id)`
  const conditions = [isListed(dialect, query), hasEntries('jobs.id', query), ...(after ? [isBeyond(after, '<')] : [])]
  const { rows } = await sql<Hit>`
    with missing as materialized (
      select id from jobs where status in ('pending', 'running')
      union all
      select id from jobs where ended_at is not null and ended_at >= ${await readSettled(db)} and ${isMissing}
    )
    select jobs.id, jobs.created_at from missing cross join jobs
    where jobs.id = missing.id and ${sql.join(conditions, sql` and `)}
    order by jobs.created_at desc, jobs.id desc limit ${MAX_UNINDEXED}`.execute(db)
  return rows
}

/** The beginnings of the texts of jobs. The answer of a running job includes its checkpoints. */
async function readTexts(db: SqlDb, hits: readonly Hit[]): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('jobs')
    .select([
      'jobs.id',
      selectSearched('prompt').as('prompt'),
      selectSearched('result').as('result'),
      sql<string | null>`case when jobs.status = 'running' then
        (select string_agg(text, '' order by start) from job_texts where job_id = jobs.id) end`.as('more'),
    ])
    .where(
      'jobs.id',
      'in',
      hits.map(({ id }) => id),
    )
    .execute()
  return new Map(
    rows.map(({ id, prompt, result, more }) => [
      id,
      [prompt ?? '', (result ?? '') + (more ?? '')].map((text) => fromStorable(text).slice(0, SEARCHED_LENGTH)),
    ]),
  )
}
