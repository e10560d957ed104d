import { isFinal, JobSummary, LISTED_TEXT_LENGTH, type ListedOptions } from '@promptlab/contract'
import { type Insertable, type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely'
import { type StoredAnswer, StoredPart } from '../../jobs/answer/stored-answer.ts'
import { decodeTape, encodeTape } from '../../jobs/answer/tape.ts'
import { inputBytes, runOf, StoredJob } from '../../jobs/job.ts'
import { listedText } from '../../jobs/job-summary.ts'
import type { JobPosition, JobState, KeyedJob } from '../../jobs/ports/stored-values.ts'
import { DOOR_COLUMNS, doorColumns, doorFieldsOf } from './door-columns.ts'
import { grownAnswer, selectGrowth } from './growth-rows.ts'
import { HISTORY_COLUMNS, historyColumns, historyFieldsOf } from './history-columns.ts'
import { listedOptionsJson, selectListedOptions } from './listed-options.ts'
import { promptLength } from './prompt-length.ts'
import { askedRunColumns, RUN_COLUMNS, runColumns, runFieldsOf, selectWaitingFor, watchTime } from './run-columns.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { fromStorable, STORABLE_UNIT_LENGTH, toStorable } from './storable-text.ts'
import type { SqlDb, Tables } from './tables.ts'
import { selectTerms, TERM_COLUMNS, termColumns, termFieldsOf, termsOf } from './term-columns.ts'

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
    prompt_length: job.prompt.length,
    options: job.options ? JSON.stringify(job.options) : null,
    listed_options: listedOptionsJson(job.options),
    created_at: job.createdAt,
    owner: job.owner ?? null,
    input_bytes: inputBytes(job),
    previous_job_id: job.previousJobId === undefined ? null : toStorable(job.previousJobId),
    // JSON text has no lone surrogates and no NUL: both are written as escapes.
    messages: job.messages ? JSON.stringify(job.messages) : null,
    ...historyColumns(job),
    ...doorColumns(job),
    ...askedRunColumns(job),
    ...(job.watchedUntil !== undefined && { watched_until: watchTime(job.watchedUntil) }),
    ...termColumns(job),
    ...stateOf(job, runnerId),
  }
}

/** The columns that change while a job is run. */
export function stateOf(job: StoredJob, runnerId: string | null) {
  const hasBegun = job.status !== 'pending'
  const changedAt = isoTime(Date.parse(job.updatedAt))
  return {
    status: job.status,
    ...(hasBegun ? answerColumns(job) : NO_ANSWER),
    metrics: hasBegun ? JSON.stringify(job.metrics) : null,
    error: job.status === 'failed' ? JSON.stringify(job.error) : null,
    updated_at: job.updatedAt,
    changed_at: changedAt,
    ended_at: isFinal(job) ? changedAt : null,
    runner_id: job.status === 'running' ? runnerId : null,
    run: runOf(job),
    ...runColumns(job, isFinal(job)),
  }
}

const NO_ANSWER = { result: null, parts: null, tape: null }

/** The columns of an answer. */
export function answerColumns({ result, parts, tape }: StoredAnswer) {
  return {
    result: toStorable(result),
    parts: parts ? JSON.stringify(parts) : null,
    tape: tape ? decodeTape(tape) : null,
  }
}

/**
 * A time as it is stored: ISO 8601 in UTC.
 * @param time milliseconds since the epoch
 */
export function isoTime(time: number): string {
  return new Date(time).toISOString()
}

/** Selects jobs with their messages and their whole answer. The answer of a running job includes its checkpoints. */
export function selectJobs(db: SqlDb, dialect: SqlDialect) {
  return selectBase(db).select([
    'jobs.prompt',
    'jobs.options',
    'jobs.result',
    'jobs.owner',
    'jobs.run',
    'jobs.messages',
    'jobs.parts',
    'jobs.tape',
    'jobs.ended_at',
    ...HISTORY_COLUMNS,
    ...DOOR_COLUMNS,
    ...RUN_COLUMNS,
    ...TERM_COLUMNS,
    // In the same statement, because these rows are removed when the job ends.
    sql<string | null>`case when jobs.status = 'running' then
      (select string_agg(text, '' order by start) from job_texts where job_id = jobs.id) end`.as('more'),
    selectGrowth(dialect).as('growth'),
  ])
}

/** One code unit more than lists show tells whether they would cut a surrogate pair. */
const LISTED_CHARACTERS = (LISTED_TEXT_LENGTH + 1) * STORABLE_UNIT_LENGTH

/** Jobs as lists show them. Of each prompt only the beginning is read, and no long options. */
export function selectSummaries(db: SqlDb, dialect: SqlDialect) {
  return selectBase(db).select([
    sql<string>`substr(jobs.prompt, 1, ${sql.lit(LISTED_CHARACTERS)})`.as('prompt_start'),
    promptLength(dialect).as('prompt_length'),
    ...selectListedOptions(),
    selectTerms(dialect).as('listed_terms'),
  ])
}

/** Jobs without their texts. */
function selectBase(db: SqlDb) {
  return db
    .selectFrom('jobs')
    .select([
      'jobs.id',
      'jobs.provider',
      'jobs.model',
      'jobs.status',
      'jobs.metrics',
      'jobs.error',
      'jobs.created_at',
      'jobs.updated_at',
      'jobs.previous_job_id',
      selectWaitingFor(),
    ])
}

/** The condition that a job comes after another: in the order of creation with `>`, in the order of lists with `<`. */
export function isBeyond({ createdAt, id }: JobPosition, comparison: '>' | '<'): RawBuilder<SqlBool> {
  return sql<SqlBool>`(jobs.created_at, jobs.id) ${sql.raw(comparison)} (${createdAt}, ${toStorable(id)})`
}

/** The condition on a row of `jobs`: it has this status and this run. */
export function isInState(job: JobState): RawBuilder<SqlBool> {
  return sql<SqlBool>`(jobs.status = ${job.status} and jobs.run = ${runOf(job)})`
}

/** Selects jobs with an idempotency key, and the fingerprints that were stored with the keys. */
export function selectKeyedJobs(db: SqlDb, dialect: SqlDialect) {
  return selectJobs(db, dialect)
    .innerJoin('idempotency_keys', 'idempotency_keys.job_id', 'jobs.id')
    .select('idempotency_keys.fingerprint')
}

type BaseRow = Pick<
  Selectable<Tables['jobs']>,
  | 'id'
  | 'provider'
  | 'model'
  | 'status'
  | 'metrics'
  | 'error'
  | 'created_at'
  | 'updated_at'
  | 'previous_job_id'
  | 'waiting_for'
>
type SummaryRow = BaseRow & {
  readonly prompt_start: string
  readonly prompt_length: number
  readonly listed_terms: string | null
}
type WholeRow = BaseRow & {
  readonly prompt: string
  readonly options: string | null
  readonly result: string | null
  readonly more: string | null
  readonly growth: string | null
  readonly messages: string | null
  readonly parts: string | null
  readonly tape: Uint8Array | null
  readonly owner: string | null
  readonly run: number
} & Parameters<typeof historyFieldsOf>[0] &
  Parameters<typeof doorFieldsOf>[0] &
  Parameters<typeof runFieldsOf>[0] &
  Parameters<typeof termFieldsOf>[0]

/** The job of a row. */
export function jobOf(row: WholeRow): StoredJob {
  return StoredJob.parse({
    ...fieldsOf(row, fromStorable(row.prompt)),
    ...parsed('options', row.options),
    ...parsed('messages', row.messages),
    ...(row.result !== null && answerOf(row, row.result)),
    ...(row.owner !== null && { owner: row.owner }),
    ...(row.run > 0 && { run: row.run }),
    ...historyFieldsOf(row),
    ...doorFieldsOf(row),
    ...runFieldsOf(row),
    ...termFieldsOf(row),
  })
}

function answerOf({ status, parts, tape, more, growth }: WholeRow, result: string): StoredAnswer {
  const stored = {
    result: fromStorable(result),
    ...(parts !== null && { parts: StoredPart.array().parse(JSON.parse(parts)) }),
    ...(tape !== null && { tape: encodeTape(tape) }),
  }
  // A process of an earlier version ended the job: it put the text into the row, and knew of nothing else.
  if (status !== 'running' && growth !== null) return grownAnswer({ result: '' }, stored.result, growth)
  return grownAnswer(stored, fromStorable(more ?? ''), growth)
}

/** The job of a row as lists show it. */
export function summaryOf(row: SummaryRow, options: ListedOptions | undefined): JobSummary {
  const prompt = listedText(fromStorable(row.prompt_start))
  return JobSummary.parse({
    ...fieldsOf(row, prompt),
    promptLength: row.prompt_length,
    ...(options && { options }),
    ...termsOf(row.listed_terms),
  })
}

/** The job of a row, with the fingerprint of its idempotency key. */
export function keyedJobOf(row: WholeRow & { readonly fingerprint: string }): KeyedJob {
  return { job: jobOf(row), fingerprint: fromStorable(row.fingerprint) }
}

function fieldsOf(row: BaseRow, prompt: string) {
  return {
    id: fromStorable(row.id),
    prompt,
    provider: fromStorable(row.provider),
    model: fromStorable(row.model),
    status: row.status,
    ...parsed('metrics', row.metrics),
    ...parsed('error', row.error),
    ...parsed('waitingFor', row.waiting_for),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.previous_job_id !== null && { previousJobId: fromStorable(row.previous_job_id) }),
  }
}

function parsed(name: string, json: string | null): Record<string, unknown> {
  return json === null ? {} : { [name]: JSON.parse(json) }
}
