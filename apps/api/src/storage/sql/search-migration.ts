import { type Kysely, sql } from 'kysely'
import { comparedText, type SqlDialect } from './sql-dialect.ts'

/** The index of the search. It is empty: `SearchIndex` fills it, also with the jobs of earlier versions. */
export async function addSearch(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  for (const statement of dialect === 'postgres' ? inPostgres() : inSqlite()) await statement.execute(db)
  await sql`create table search_progress (id integer primary key, settled_at ${comparedText(dialect)} not null)`.execute(
    db,
  )
}

function inPostgres() {
  const text = comparedText('postgres')
  return [
    sql`create table job_search (
      job_id ${text} primary key references jobs on delete cascade,
      owner ${text},
      created_at ${text} not null,
      status ${text} not null,
      provider ${text} not null,
      model text not null,
      words tsvector not null
    )`,
    sql`create index job_search_words on job_search using gin (words)`,
  ]
}

/**
 * The words are in a full-text table without their texts. Its tokenizer leaves our words as they are. Its rows have numbers,
 * which `job_search` gives to jobs: those of `jobs` change when the file is rebuilt.
 */
function inSqlite() {
  return [
    sql`create table job_search (
      place integer primary key,
      job_id text not null unique references jobs on delete cascade,
      owner text,
      created_at text not null,
      status text not null,
      provider text not null,
      model text not null
    )`,
    sql`create virtual table job_words using fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii')`,
    sql`create trigger remove_words after delete on job_search begin
      delete from job_words where rowid = old.place;
    end`,
  ]
}
