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
  job_growth: JobGrowthTable
  items: ItemTable
  job_items: JobItemTable
  block_items: BlockItemTable
  job_metadata: JobMetadataTable
  job_search: JobSearchTable
  search_progress: SearchProgressTable
  idempotency_keys: IdempotencyKeyTable
  usage_ledger: UsageLedgerTable
  runners: RunnerTable
  imports: ImportTable
  callers: CallerTable
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
  /** The text of the answer. Null while the job is pending. While it runs, the checkpoints in `job_texts` come after this. */
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
  /** The bytes of the input, with its items. Null in rows of older versions. */
  input_bytes: ColumnType<number | null, number, never>
  /** The number of the latest run; 0 before the first. */
  run: ColumnType<number, number | undefined, number>
  /** The job whose conversation goes on. It may have been removed. */
  previous_job_id: string | null
  /** The messages with references to items. Null if the job was made of a prompt. */
  messages: string | null
  /** The parts of the answer. Null if it is one text. While the job runs, the checkpoints in `job_growth` come after these. */
  parts: string | null
  /** The tape of the answer. Null in rows of older versions, and before the first piece. */
  tape: Uint8Array | null
  /** Where the job was made, as JSON. Null for the native API, as are the columns below where they have nothing to say. */
  door: string | null
  /** The digest of the request at the door. */
  request_digest: string | null
  /** The client that waits for the answer, as JSON, see `clientJson`. */
  client: string | null
  /** What vendors want back with the messages, as JSON. */
  carries: string | null
  /** When the job is removed. Lists leave out jobs that have it. */
  delete_after: string | null
  /** The version of the record, if it is above 2. The database does not let a process start a job that it cannot read. */
  record_version: ColumnType<number | null, number | undefined, never>
  /** Who is asked when a vendor fails, as JSON. Null if nobody is. */
  fallbacks: string | null
  /** Why a waiting job waits for a vendor, and until when, as JSON. Null if it does not. */
  waiting_for: string | null
  /** What a later run has to know, as JSON. Null if that is nothing. */
  run_state: string | null
  /** Until when somebody waits for the job. Null if the job runs on without clients. */
  watched_until: string | null
  /** The limit of the cost, the webhook, the metadata, and the job of which this one was made, as JSON. Null if there is none of them. */
  terms: ColumnType<string | null, string | undefined, never>
  /** What the job may cost, in billionths of a US dollar. Null if its caller has no budget. Counts until the job has ended. */
  reserved: ColumnType<number | string | null, number | undefined, never>
  /** When the next delivery is due, once the job has ended. Null if none is. */
  notify_at: string | null
  /** The deliveries of the job's end, as JSON. Null if nobody is told. */
  deliveries: string | null
  /** When the job changed its state last. Null in rows of older versions. */
  changed_at: ColumnType<string | null, string, string>
  /** The blocks that have the messages before `messages`, as JSON. Null if the row has all messages. */
  history: ColumnType<string | null, string | undefined, never>
  /** The bytes of these blocks, and of the items to which they refer. */
  history_bytes: ColumnType<number | string | null, number | undefined, never>
}

/** The pieces that checkpoints add to the texts of running jobs, so that a long text is not rewritten whenever it grows. */
interface JobTextTable {
  job_id: string
  /** The place in the text where the piece begins, in UTF-16 code units. */
  start: number
  text: string
}

/**
 * What checkpoints add to the parts and tapes of running jobs. Processes of older versions do not know this table, and read
 * the text of the answer in `job_texts`.
 */
interface JobGrowthTable {
  job_id: string
  /** The number of pieces before the growth. */
  pieces: number
  /** The place where the growth begins. */
  place: number
  /** The length of the text before the growth, in UTF-16 code units. */
  text_length: number
  /** The number of parts before the growth. */
  part_count: number
  /** What was added to each part. Null while the answer is one text. */
  parts: string | null
  /** The tape of the pieces that were added. */
  tape: Uint8Array
}

/** Content that is kept once, however many jobs refer to it. */
interface ItemTable {
  /** The SHA-256 of the bytes, in hexadecimal digits. */
  id: string
  /** In bytes. */
  size: number
  /** When it was last stored, up to `TOUCH_GRAIN_MS` before the truth. */
  touched_at: string
  // The last column, so that SQLite reads the others without it.
  bytes: Uint8Array
}

/** Which jobs refer to which items. */
interface JobItemTable {
  job_id: string
  item_id: string
  /** The owner of the job. */
  owner: string | null
  /** The size of the item, in bytes. */
  size: number
}

/** Which blocks of messages refer to which items. A block is an item, too. */
interface BlockItemTable {
  block_id: string
  item_id: string
  /** The owner of the jobs that share the block. */
  owner: string | null
  /** The size of the item, in bytes. */
  size: number
}

/** The entries of the metadata of jobs, by which jobs are found. */
interface JobMetadataTable {
  job_id: string
  /** Of the name and the value, see `digestOfEntry`. */
  digest: string
  /** The owner of the job. */
  owner: string | null
  /** When the job was created. */
  created_at: string
}

/**
 * Jobs in the index of the search. Their words are in its column `words` in PostgreSQL, and in the virtual table `job_words` in
 * SQLite, whose rows have the numbers in `place`. The other columns are those of the job, which has ended and changes no more.
 */
interface JobSearchTable {
  job_id: string
  owner: string | null
  created_at: string
  status: JobStatus
  provider: string
  model: string
}

/** How far the index of the search is complete: one row. */
interface SearchProgressTable {
  id: number
  /** All jobs that ended before are in the index. */
  settled_at: string
}

interface IdempotencyKeyTable {
  key: string
  job_id: string
  fingerprint: string
  /** When the job was created. */
  created_at: string
}

/** What ended jobs used and cost, also jobs that were removed since. */
interface UsageLedgerTable {
  /** The caller. Empty for jobs without an owner. */
  owner: string
  provider: string
  model: string
  /** The day on which the jobs ended, in UTC. */
  day: string
  /**
   * A number from 0 on. In PostgreSQL the jobs of a day are spread over several rows: jobs that end at once would wait for
   * each other's flush in one.
   */
  shard: number
  jobs: number | string
  input_tokens: number | string
  output_tokens: number | string
  cached_input_tokens: number | string
  cache_write_tokens: number | string
  reasoning_tokens: number | string
  /** Billionths of a US dollar, of the jobs whose cost is known. */
  usd_billionths: number | string
  /** Jobs whose cost is unknown. */
  unpriced_jobs: number | string
}

/** The processes that share a store. Only in PostgreSQL. */
interface RunnerTable {
  id: string
  alive_until: Date
  /** The newest form of a record that the process reads. */
  record_version: number
}

/** Callers with a budget. Who stores a job of a caller locks the row, so that no two jobs fit into the same rest. Only in PostgreSQL. */
interface CallerTable {
  owner: string
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
