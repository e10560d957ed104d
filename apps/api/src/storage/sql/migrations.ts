import { type Kysely, type RawBuilder, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { commandLine } from '../../base/command-line.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { addBudgets } from './budget-migration.ts'
import { addHistory } from './history-migration.ts'
import { addMetadata } from './metadata-migration.ts'
import { addSearch } from './search-migration.ts'
import { comparedText, type SqlDialect } from './sql-dialect.ts'
import type { SqlDb } from './tables.ts'

/**
 * Brings the tables to the state that this version needs. Two processes can call this at once: the second one waits, and
 * finds nothing to do.
 * @returns the names of the migrations that were run
 * @throws StoreOpenError a newer version made the tables
 */
export async function migrate(db: SqlDb, dialect: SqlDialect): Promise<string[]> {
  const { error, results = [] } = await migratorFor(db, dialect).migrateToLatest()
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new StoreOpenError(
      `The tables of the job store do not belong to this version: ${error.message}. Use the version that made them, or a newer one.`,
      error,
    )
  }
  if (error) throw error
  return results.map(({ migrationName }) => migrationName)
}

/**
 * Checks that the tables are in the state that this version needs. Changes nothing.
 * @throws StoreOpenError they are not
 */
export async function checkMigrated(db: SqlDb, dialect: SqlDialect): Promise<void> {
  const migrations = await migratorFor(db, dialect).getMigrations()
  if (migrations.every(({ executedAt }) => executedAt)) return
  throw new StoreOpenError(
    `An older version made the tables of the job store. Run ${commandLine('migrate')} on it first.`,
  )
}

function migratorFor(db: SqlDb, dialect: SqlDialect): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrationsFor(dialect) } })
}

/**
 * The migrations by name. They run in the order of their names, so a new one must come last in it. A migration that has been
 * released never changes.
 */
function migrationsFor(dialect: SqlDialect): Record<string, Migration> {
  return {
    '2026-11-24-jobs': { up: (db: Kysely<unknown>) => createJobs(db, dialect) },
    '2026-11-25-owners': { up: (db: Kysely<unknown>) => addOwners(db, dialect) },
    '2026-11-26-prompt-lengths': { up: addPromptLengths },
    '2026-11-26-runs': { up: (db: Kysely<unknown>) => addRuns(db, dialect) },
    '2026-11-26-summary-options': { up: addListedOptions },
    '2026-11-27-answers': { up: (db: Kysely<unknown>) => addAnswers(db, dialect) },
    '2026-11-27-usage': { up: (db: Kysely<unknown>) => addUsage(db, dialect) },
    '2026-11-28-doors': { up: (db: Kysely<unknown>) => addDoors(db, dialect) },
    '2026-11-28-ends': { up: (db: Kysely<unknown>) => addEnds(db, dialect) },
    '2026-11-29-budgets': { up: (db: Kysely<unknown>) => addBudgets(db, dialect) },
    '2026-11-30-metadata': { up: (db: Kysely<unknown>) => addMetadata(db, dialect) },
    '2026-11-30-search': { up: (db: Kysely<unknown>) => addSearch(db, dialect) },
    '2026-12-01-history': { up: (db: Kysely<unknown>) => addHistory(db, dialect) },
  }
}

async function createJobs(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const isPostgres = dialect === 'postgres'
  const text = comparedText(dialect)
  const statements = [
    sql`create table jobs (
      id ${text} primary key,
      provider ${text} not null,
      model text not null,
      prompt text not null,
      options text,
      status ${text} not null,
      result text,
      metrics text,
      error text,
      created_at ${text} not null,
      updated_at ${text} not null,
      ended_at ${text},
      runner_id text
    )`,
    sql`create table job_texts (
      job_id ${text} not null references jobs on delete cascade,
      start integer not null,
      text text not null,
      primary key (job_id, start)
    )`,
    sql`create table idempotency_keys (
      key ${text} primary key,
      job_id ${text} not null references jobs on delete cascade,
      fingerprint text not null,
      created_at ${text} not null
    )`,
    sql`create table imports (source text primary key, started_at text not null, finished_at text)`,
    ...(isPostgres ? [sql`create table runners (id text primary key, alive_until timestamptz not null)`] : []),
    ...indexes(),
  ]
  for (const statement of statements) await statement.execute(db)
}

async function addOwners(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  await sql`alter table jobs add column owner ${comparedText(dialect)}`.execute(db)
  // Jobs without an owner are listed together with all others, so they need no entry in this index.
  await sql`create index jobs_by_owner on jobs (owner, created_at, id) where owner is not null`.execute(db)
}

/** Old rows keep null. To fill the column would rewrite all texts in SQLite, and lock other servers out in PostgreSQL. */
async function addPromptLengths(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column prompt_length integer`.execute(db)
}

/** Processes of earlier versions name neither column; they read records of version 1. */
async function addRuns(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  await sql`alter table jobs add column run integer not null default 0`.execute(db)
  await sql`alter table jobs add column input_bytes integer`.execute(db)
  // It has all columns of the queries that go through waiting jobs: SQLite would read the whole texts of a row to get at its
  // last columns.
  await sql`
    create index jobs_waiting on jobs (status, created_at, id, provider, owner, input_bytes) where status = 'pending'`.execute(
    db,
  )
  await sql`create table write_probes (id text primary key, filler text not null)`.execute(db)
  if (dialect !== 'postgres') return
  await sql`alter table runners add column record_version integer not null default 1`.execute(db)
}

/** Old rows keep null, as with the lengths of prompts. */
async function addListedOptions(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column listed_options text`.execute(db)
}

/** Old rows keep null in the new columns: they are jobs of a prompt, and answers of text without a tape. */
async function addAnswers(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  const bytes = dialect === 'postgres' ? sql`bytea` : sql`blob`
  const statements = [
    sql`alter table jobs add column previous_job_id ${text}`,
    sql`alter table jobs add column messages text`,
    sql`alter table jobs add column parts text`,
    sql`alter table jobs add column tape ${bytes}`,
    sql`create table job_growth (
      job_id ${text} not null references jobs on delete cascade,
      pieces integer not null,
      place integer not null,
      text_length integer not null,
      part_count integer not null,
      parts text,
      tape ${bytes} not null,
      primary key (job_id, pieces)
    )`,
    sql`create table items (id ${text} primary key, size integer not null, touched_at ${text} not null, bytes ${bytes} not null)`,
    sql`create table job_items (
      job_id ${text} not null references jobs on delete cascade,
      item_id ${text} not null,
      owner ${text},
      size integer not null,
      primary key (job_id, item_id)
    )`,
    sql`create index items_by_touch on items (touched_at, id)`,
    sql`create index job_items_by_item on job_items (item_id)`,
    sql`create index job_items_by_owner on job_items (owner, size) where owner is not null`,
    // They have all columns that the search for expired jobs reads: the last columns of a row lie behind its texts.
    sql`create index jobs_behind on jobs (previous_job_id, ended_at) where previous_job_id is not null`,
    sql`create index jobs_before on jobs (id, previous_job_id) where previous_job_id is not null`,
    ...(dialect === 'postgres' ? guardOfConversations() : []),
  ]
  for (const statement of statements) await statement.execute(db)
}

/** Jobs that ended before are not in the ledger: nobody knows what they cost. */
async function addUsage(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  await sql`create table usage_ledger (
    owner ${text} not null,
    provider ${text} not null,
    model ${text} not null,
    day ${text} not null,
    shard integer not null,
    jobs bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cached_input_tokens bigint not null,
    cache_write_tokens bigint not null,
    reasoning_tokens bigint not null,
    usd_billionths bigint not null,
    unpriced_jobs bigint not null,
    primary key (day, owner, provider, model, shard)
  )`.execute(db)
}

/** Old rows keep null: they are jobs of the native API, whose records are of version 1 or 2. */
async function addDoors(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  // SQLite would read the whole texts of a row to get at its last columns, so its indexes have all that is asked for.
  const more = dialect === 'sqlite' ? sql`, status, client` : sql``
  const statements = [
    sql`alter table jobs add column door text`,
    sql`alter table jobs add column request_digest ${text}`,
    sql`alter table jobs add column client text`,
    sql`alter table jobs add column carries text`,
    sql`alter table jobs add column delete_after ${text}`,
    sql`alter table jobs add column record_version integer`,
    sql`create index jobs_by_request on jobs (request_digest, created_at, id${more}) where request_digest is not null`,
    sql`create index jobs_to_delete on jobs (delete_after, ended_at, id) where delete_after is not null`,
    ...(dialect === 'sqlite'
      ? [sql`create index jobs_hidden on jobs (id, delete_after) where delete_after is not null`]
      : guardOfLaterRecords()),
  ]
  for (const statement of statements) await statement.execute(db)
}

/** Old rows keep null: nobody watches these jobs, and they never wait for a vendor. */
async function addEnds(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const statements = [
    sql`alter table jobs add column fallbacks text`,
    sql`alter table jobs add column waiting_for text`,
    sql`alter table jobs add column run_state text`,
    sql`alter table jobs add column watched_until ${comparedText(dialect)}`,
    // As before, and the model and until when the jobs wait.
    sql`drop index jobs_waiting`,
    sql`create index jobs_waiting on jobs (status, created_at, id, provider, model, owner, input_bytes, waiting_for)
      where status = 'pending'`,
    // The end of a job that an earlier version ended is asked for too: that one leaves the time in the row.
    sql`create index jobs_watched on jobs (watched_until, id, ended_at, run)
      where watched_until is not null and ended_at is null`,
  ]
  for (const statement of statements) await statement.execute(db)
}

/**
 * While a process of an earlier version lives, there are no jobs with a conversation. But one that was paused for longer than
 * its lease counts as gone, and may go on: it would take the prompt for the whole input. The database does not let it start
 * such a job, which then waits for another process.
 */
function guardOfConversations(): RawBuilder<unknown>[] {
  return [
    sql`create function refuse_earlier_runner() returns trigger language plpgsql as $$
      begin
        if exists (select from runners where id = new.runner_id and record_version < 2) then
          return null;
        end if;
        return new;
      end
    $$`,
    sql`create trigger guard_conversations before update of status on jobs for each row
      when (old.status = 'pending' and new.status = 'running'
        and (new.messages is not null or new.previous_job_id is not null))
      execute function refuse_earlier_runner()`,
  ]
}

/** The same for all records of later versions: no process starts a job whose record it cannot read. */
function guardOfLaterRecords(): RawBuilder<unknown>[] {
  return [
    sql`create function refuse_unable_runner() returns trigger language plpgsql as $$
      begin
        if exists (select from runners where id = new.runner_id and record_version < new.record_version) then
          return null;
        end if;
        return new;
      end
    $$`,
    sql`create trigger guard_later_records before update of status on jobs for each row
      when (old.status = 'pending' and new.status = 'running' and new.record_version is not null)
      execute function refuse_unable_runner()`,
  ]
}

/** One index for each query. */
function indexes(): RawBuilder<unknown>[] {
  return [
    sql`create index jobs_by_time on jobs (created_at, id)`,
    sql`create index jobs_by_status on jobs (status, created_at, id)`,
    sql`create index jobs_by_provider on jobs (provider, created_at, id)`,
    sql`create index jobs_by_provider_and_status on jobs (provider, status, created_at, id)`,
    sql`create index jobs_running on jobs (runner_id) where status = 'running'`,
    sql`create index jobs_by_end on jobs (ended_at) where ended_at is not null`,
    sql`create index idempotency_keys_by_job on idempotency_keys (job_id)`,
  ]
}
