import type { JobStatus } from '@promptlab/contract'
import type { Kysely } from 'kysely'

/**
 * The tables, alike in SQLite and PostgreSQL. Columns are text that a person can read: times are ISO 8601 in UTC, which
 * sorts as it is, and what has fields is JSON. Texts of callers and vendors are kept as `storable-text.ts` writes them.
 */
export interface Tables {
  jobs: JobTable
  job_texts: JobTextTable
  idempotency_keys: IdempotencyKeyTable
  runners: RunnerTable
  imports: ImportTable
}

export type SqlDb = Kysely<Tables>

interface JobTable {
  id: string
  provider: string
  model: string
  prompt: string
  options: string | null
  status: JobStatus
  /** Null while the job is pending. While it runs, the rest of its text is in `job_texts`. */
  result: string | null
  metrics: string | null
  error: string | null
  created_at: string
  updated_at: string
  /** When the job reached its final state. */
  ended_at: string | null
  /** The process that last began to run it. */
  runner_id: string | null
  /** Whose it is; null: nobody's. */
  owner: string | null
  /** The length of the prompt in UTF-16 code units. Null in rows of older versions, whose lengths `promptLength` computes. */
  prompt_length: number | null
}

/** What checkpoints added to the texts of running jobs: a long text is not written anew each time it grows. */
interface JobTextTable {
  job_id: string
  /** Where in the text it begins, in UTF-16 code units. */
  start: number
  text: string
}

interface IdempotencyKeyTable {
  key: string
  job_id: string
  fingerprint: string
  /** When its job was created. */
  created_at: string
}

/** Processes that share a store, in PostgreSQL alone. */
interface RunnerTable {
  id: string
  alive_until: Date
}

/** Imports of another store into this one. */
interface ImportTable {
  source: string
  started_at: string
  finished_at: string | null
}
