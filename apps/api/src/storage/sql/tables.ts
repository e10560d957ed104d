import type { JobStatus } from '@promptlab/contract'
import type { ColumnType, Kysely } from 'kysely'

/**
 * The tables, which are the same in SQLite and PostgreSQL. Columns are text that people can read. Times are ISO 8601 in UTC,
 * whose alphabetical order is the order in time. Objects are JSON. Text of callers and vendors is encoded by
 * `storable-text.ts`.
 */
export interface Tables {
  jobs: JobTable
  job_texts: JobTextTable
  idempotency_keys: IdempotencyKeyTable
  runners: RunnerTable
  imports: ImportTable
  write_probes: WriteProbeTable
}

/** Kysely with our tables. */
export type SqlDb = Kysely<Tables>

interface JobTable {
  id: string
  provider: string
  model: string
  prompt: string
  options: string | null
  status: JobStatus
  /** The answer. Null while the job is pending. While it runs, the checkpoints in `job_texts` come after this text. */
  result: string | null
  metrics: string | null
  error: string | null
  created_at: string
  updated_at: string
  /** When the job became final. Null until then. */
  ended_at: string | null
  /** The process that runs the job. Null unless the job is running. */
  runner_id: string | null
  /** The caller who created the job. Null when there are no API keys. */
  owner: string | null
  /** The length of the prompt in UTF-16 code units. Null in rows of older versions, whose lengths `promptLength` computes. */
  prompt_length: number | null
  /** What lists show of long options, as JSON. Null where the options are short, and in rows of older versions. */
  listed_options: ColumnType<string | null, string | null, never>
  /** The bytes of the prompt and the options. Null in rows of older versions. */
  input_bytes: ColumnType<number | null, number, never>
  /** The number of the latest run; 0 before the first. */
  run: ColumnType<number, number | undefined, number>
}

/** The pieces that checkpoints add to the texts of running jobs, so that a long text is not rewritten whenever it grows. */
interface JobTextTable {
  job_id: string
  /** The place in the text where the piece begins, in UTF-16 code units. */
  start: number
  text: string
}

interface IdempotencyKeyTable {
  key: string
  job_id: string
  fingerprint: string
  /** When the job was created. */
  created_at: string
}

/** The processes that share a store. Only in PostgreSQL. */
interface RunnerTable {
  id: string
  alive_until: Date
  /** The newest form of a record that the process reads. */
  record_version: number
}

/** Rows that are written and removed at once, to see whether the database takes writes. */
interface WriteProbeTable {
  id: string
  filler: string
}

/** Imports of another store into this one. */
interface ImportTable {
  source: string
  started_at: string
  finished_at: string | null
}
