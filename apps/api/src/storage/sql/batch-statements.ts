import type { Insertable } from 'kysely'
import type { stateOf } from './job-row.ts'
import { type ColumnType, recordset } from './recordset.ts'
import type { Tables } from './tables.ts'
import { COUNT_COLUMNS, INSERT_USAGE, OR_ADD_USAGE } from './usage-rows.ts'

/** What a change of state sets. */
const STATE_COLUMNS = {
  status: 'text',
  result: 'text',
  parts: 'text',
  tape: 'bytea',
  metrics: 'text',
  error: 'text',
  updated_at: 'text',
  changed_at: 'text',
  ended_at: 'text',
  runner_id: 'text',
  run: 'integer',
  waiting_for: 'text',
  run_state: 'text',
} as const satisfies Record<Exclude<keyof ReturnType<typeof stateOf>, 'watched_until'>, ColumnType>

const JOB_COLUMNS = {
  id: 'key',
  provider: 'text',
  model: 'text',
  prompt: 'text',
  prompt_length: 'integer',
  options: 'text',
  listed_options: 'text',
  created_at: 'text',
  owner: 'text',
  input_bytes: 'integer',
  previous_job_id: 'text',
  messages: 'text',
  door: 'text',
  request_digest: 'text',
  client: 'text',
  carries: 'text',
  delete_after: 'text',
  record_version: 'integer',
  fallbacks: 'text',
  watched_until: 'text',
  terms: 'text',
  reserved: 'bigint',
  deliveries: 'text',
  notify_at: 'text',
  history: 'text',
  history_bytes: 'bigint',
  ...STATE_COLUMNS,
} as const satisfies Record<keyof Insertable<Tables['jobs']>, ColumnType>

/** The columns of a job that are stored with it. */
export const JOB_COLUMN_NAMES: readonly string[] = Object.keys(JOB_COLUMNS)
/** Those of them that a change of state sets. */
export const STATE_COLUMN_NAMES: readonly string[] = Object.keys(STATE_COLUMNS)

const jobColumns = JOB_COLUMN_NAMES.join(', ')

/** Stores new jobs. `$1`: rows of `jobs`. It returns the ids of those that had no job before. */
export const INSERT = `insert into jobs (${jobColumns})
  select ${jobColumns} from ${recordset('$1', 'new', JOB_COLUMNS)}
  on conflict (id) do nothing returning id`

const USAGE_COLUMNS = {
  id: 'key',
  owner: 'text',
  provider: 'text',
  model: 'text',
  day: 'text',
  jobs: 'bigint',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cached_input_tokens: 'bigint',
  cache_write_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  usd_billionths: 'bigint',
  unpriced_jobs: 'bigint',
} as const satisfies Record<Exclude<keyof Tables['usage_ledger'], 'shard'> | 'id', ColumnType>

const USAGE_KEY = 'day, owner, provider, model'

/**
 * Stores the next states of jobs that are in the states that they must be in, removes their checkpoints, and counts what they
 * used. `$1`: the states, no two of one job. `$2`: what the jobs used. `$3`: the shard of the ledger. It returns the ids of the
 * jobs that were changed. All processes come to the rows of the ledger in the same order, so that none waits for another that
 * waits for it.
 */
export const REPLACE = `with next as materialized (
    select * from ${recordset('$1', 'states', {
      id: 'key',
      ...STATE_COLUMNS,
      from_status: 'key',
      from_run: 'integer',
      has_checkpoints: 'boolean',
    })}
  ), replaced as (
    update jobs set ${STATE_COLUMN_NAMES.map((column) => `${column} = next.${column}`).join(', ')},
      watched_until = case when next.ended_at is null then jobs.watched_until end
    from next where jobs.id = next.id and jobs.status = next.from_status and jobs.run = next.from_run
    returning jobs.id, next.has_checkpoints
  ), texts as (
    delete from job_texts where job_id in (select id from replaced where has_checkpoints)
  ), growth as (
    delete from job_growth where job_id in (select id from replaced where has_checkpoints)
  ), counted as (
    ${INSERT_USAGE} select ${USAGE_KEY}, $3::integer, ${Object.values(COUNT_COLUMNS)
      .map((column) => `sum(${column})`)
      .join(', ')}
    from ${recordset('$2', 'usage', USAGE_COLUMNS)} join replaced using (id)
    group by ${USAGE_KEY} order by ${USAGE_KEY} ${OR_ADD_USAGE}
  ) select id from replaced`

const CHECKPOINT_COLUMNS = {
  id: 'key',
  run: 'integer',
  metrics: 'text',
  updated_at: 'text',
  run_state: 'text',
  text: 'text',
  pieces: 'integer',
  place: 'integer',
  text_length: 'integer',
  part_count: 'integer',
  parts: 'text',
  tape: 'bytea',
} as const satisfies Record<string, ColumnType>

/**
 * Stores the progress of the jobs that are still running, and what was added to their answers, as `storeCheckpoints` does.
 * `$1`: the progress. It returns the ids of these jobs.
 */
export const CHECKPOINT = `with progress as materialized (
    select * from ${recordset('$1', 'checkpoints', CHECKPOINT_COLUMNS)}
  ), running as (
    update jobs set metrics = progress.metrics, updated_at = progress.updated_at,
      run_state = coalesce(progress.run_state, jobs.run_state)
    from progress where jobs.id = progress.id and jobs.status = 'running' and jobs.run = progress.run
    returning jobs.id
  ), texts as (
    insert into job_texts (job_id, start, text)
    select id, text_length, text from progress join running using (id) where text <> ''
    on conflict (job_id, start) do update set text = excluded.text
  ), growth as (
    insert into job_growth (job_id, pieces, place, text_length, part_count, parts, tape)
    select id, pieces, place, text_length, part_count, parts, tape from progress join running using (id)
    where length(tape) > 0
    on conflict (job_id, pieces) do update set parts = excluded.parts, tape = excluded.tape
  ) select id from running`
