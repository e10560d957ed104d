import { isFinal, JobSummary } from '@promptlab/contract'
import { type Insertable, type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import { runOf, StoredJob } from '../../jobs/job.ts'
import { endedAt, type JobPosition, type JobState, type KeyedJob } from '../../jobs/ports/job-repository.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb, Tables } from './tables.ts'

type JobRow = Insertable<Tables['jobs']>

/**
 * The row of a job.
 * @param runnerId the process that runs the job, if it is running
 */
export function rowOf(job: StoredJob, runnerId: string | null): JobRow {
  return {
    id: toStorable(job.id),
    provider: toStorable(job.provider),
    model: toStorable(job.model),
    prompt: toStorable(job.prompt),
    options: job.options ? JSON.stringify(job.options) : null,
    created_at: job.createdAt,
    owner: job.owner ?? null,
    ...stateOf(job, runnerId),
  }
}

/** The columns that change while a job is run. */
export function stateOf(job: StoredJob, runnerId: string | null) {
  const hasBegun = job.status !== 'pending'
  return {
    status: job.status,
    result: hasBegun ? toStorable(job.result) : null,
    metrics: hasBegun ? JSON.stringify(job.metrics) : null,
    error: job.status === 'failed' ? JSON.stringify(job.error) : null,
    updated_at: job.updatedAt,
    ended_at: isFinal(job) ? isoTime(endedAt(job)) : null,
    runner_id: job.status === 'running' ? runnerId : null,
    run: runOf(job),
  }
}

/**
 * A time as it is stored: ISO 8601 in UTC.
 * @param time milliseconds since the epoch
 */
export function isoTime(time: number): string {
  return new Date(time).toISOString()
}

/** Selects jobs with their whole text. The text of a running job includes its checkpoints. */
export function selectJobs(db: SqlDb) {
  return selectSummaries(db).select([
    'jobs.result',
    'jobs.owner',
    'jobs.run',
    // In the same statement, because these rows are removed when the job ends.
    sql<string | null>`case when jobs.status = 'running' then
      (select string_agg(text, '' order by start) from job_texts where job_id = jobs.id) end`.as('more'),
  ])
}

/** Selects jobs without their texts. */
export function selectSummaries(db: SqlDb) {
  return db
    .selectFrom('jobs')
    .select([
      'jobs.id',
      'jobs.provider',
      'jobs.model',
      'jobs.prompt',
      'jobs.options',
      'jobs.status',
      'jobs.metrics',
      'jobs.error',
      'jobs.created_at',
      'jobs.updated_at',
    ])
}

/** The condition that a job comes after another: in the order of creation with `>`, in the order of lists with `<`. */
export function isBeyond({ createdAt, id }: JobPosition, comparison: '>' | '<'): RawBuilder<SqlBool> {
  return sql<SqlBool>`(jobs.created_at, jobs.id) ${sql.raw(comparison)} (${createdAt}, ${toStorable(id)})`
}

/** The condition on a row of `jobs`: its status and run are those. */
export function isInState(job: JobState): RawBuilder<SqlBool> {
  return sql<SqlBool>`(jobs.status = ${job.status} and jobs.run = ${runOf(job)})`
}

/** Selects jobs with an idempotency key, and the fingerprints that were stored with the keys. */
export function selectKeyedJobs(db: SqlDb) {
  return selectJobs(db)
    .innerJoin('idempotency_keys', 'idempotency_keys.job_id', 'jobs.id')
    .select('idempotency_keys.fingerprint')
}

type SummaryRow = Pick<
  Selectable<Tables['jobs']>,
  'id' | 'provider' | 'model' | 'prompt' | 'options' | 'status' | 'metrics' | 'error' | 'created_at' | 'updated_at'
>
type WholeRow = SummaryRow & {
  readonly result: string | null
  readonly more: string | null
  readonly owner: string | null
  readonly run: number
}

/** The job of a row. */
export function jobOf(row: WholeRow): StoredJob {
  const result = row.result === null ? undefined : fromStorable(row.result) + fromStorable(row.more ?? '')
  const { owner, run } = row
  return StoredJob.parse({
    ...fieldsOf(row),
    result,
    ...(owner !== null && { owner }),
    ...(run > 0 && { run }),
  })
}

/** The job of a row, without its text. */
export function summaryOf(row: SummaryRow): JobSummary {
  return JobSummary.parse(fieldsOf(row))
}

/** The job of a row, with the fingerprint of its idempotency key. */
export function keyedJobOf(row: WholeRow & { readonly fingerprint: string }): KeyedJob {
  return { job: jobOf(row), fingerprint: fromStorable(row.fingerprint) }
}

function fieldsOf(row: SummaryRow) {
  return {
    id: fromStorable(row.id),
    prompt: fromStorable(row.prompt),
    provider: fromStorable(row.provider),
    model: fromStorable(row.model),
    ...parsed('options', row.options),
    status: row.status,
    ...parsed('metrics', row.metrics),
    ...parsed('error', row.error),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function parsed(name: string, json: string | null): Record<string, unknown> {
  return json === null ? {} : { [name]: JSON.parse(json) }
}
