import { isFinal, issueSentence, type JobStatus, JobSummary } from '@promptlab/contract'
import { z } from 'zod'
import { runOf, StoredJob } from '../../../jobs/job.ts'
import { summaryOf } from '../../../jobs/job-summary.ts'
import { endedAt, type IdempotencyKey } from '../../../jobs/ports/job-repository.ts'

/** All jobs of a store, in the order of creation. */
export type JobEntries = readonly JobEntry[]

/** The changes of a commit by job id: the new entry, or `undefined` for a job that is removed. */
export type JobChanges = ReadonlyMap<string, JobEntry | undefined>

/** A job with a longer line is not kept parsed, in bytes: thousands of long prompts would fill the heap. */
const LONGEST_PARSED = 16_384

/** A line of a final job above this length has its summary beside it, in bytes: lists do not parse long texts. */
const LONG_LINE = 4_096

/**
 * A job in memory: its line in the file, and the fields by which it is found. A finished job is parsed from its line when it
 * is read (some 20 µs). Kept as an object it would slow down every garbage collection: those of 50,000 jobs took 100 ms
 * and more, and bytes cost nothing (docs/decisions/2026-11-23-jobs-file.md).
 */
export class JobEntry {
  readonly id: string
  readonly status: JobStatus
  readonly provider: string
  readonly createdAt: string
  readonly owner: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  /** The job and its idempotency key as JSON in UTF-8, without a newline. It is serialised once: an entry never changes. */
  readonly line: Uint8Array
  /** When the job became final, in milliseconds since the epoch. Undefined until then. */
  readonly endedAt: number | undefined
  /** The number of the job's latest run; 0 before the first. */
  readonly run: number
  /** The parsed job. Undefined once the job is final, and where the line is very long. */
  readonly #unfinished: StoredJob | undefined
  /** The summary of a job that is not kept parsed, as JSON in UTF-8. Undefined where the line is short. */
  readonly #summary: Uint8Array | undefined

  private constructor(job: StoredJob, idempotency: IdempotencyKey | undefined, line: Uint8Array) {
    this.id = job.id
    this.status = job.status
    this.provider = job.provider
    this.createdAt = job.createdAt
    this.owner = job.owner
    this.idempotency = idempotency
    this.line = line
    this.endedAt = isFinal(job) ? endedAt(job) : undefined
    this.run = runOf(job)
    this.#unfinished = isFinal(job) || line.length > LONGEST_PARSED ? undefined : job
    const isLong = this.#unfinished === undefined && line.length > LONG_LINE
    this.#summary = isLong ? encoder.encode(JSON.stringify(summaryOf(job))) : undefined
  }

  static of(job: StoredJob, idempotency?: IdempotencyKey): JobEntry {
    const line = JSON.stringify(idempotency ? { ...job, idempotency } : job)
    // Not Buffer.from: it takes small buffers from a shared pool, so one line that stays would keep others in memory.
    return new JobEntry(job, idempotency, encoder.encode(line))
  }

  /**
   * The entry of a line. The line is kept as it was read, so fields of a newer version are not lost.
   * @param value the parsed line
   * @param at the file and the place in it, for the error
   * @throws DamagedFileError
   */
  static parse(value: unknown, line: Uint8Array, at: { path: string; place: string }): JobEntry {
    const parsed = JobLine.safeParse(value, { error: issueSentence })
    if (!parsed.success) throw new DamagedFileError(at.path, `${at.place}: ${describeIssues(parsed.error)}`)
    const { idempotency, ...job } = parsed.data
    return new JobEntry(job, idempotency, line)
  }

  /** The whole job. A final job, and one with a very long line, is parsed at each call. */
  get job(): StoredJob {
    return this.#unfinished ?? StoredJob.parse(JSON.parse(decoder.decode(this.line)))
  }

  /** The job as lists show it. */
  get summary(): JobSummary {
    return this.#summary ? JobSummary.parse(JSON.parse(decoder.decode(this.#summary))) : summaryOf(this.job)
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const JobLine = StoredJob.and(
  z.object({ idempotency: z.object({ key: z.string(), fingerprint: z.string() }).optional() }),
)

/** The faults that zod found, in one line: `options.temperature: Invalid input; …`. */
export function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
}

/** A file of the store cannot be read. The message says what is wrong and where. The file is left unchanged. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError'
  readonly path: string

  constructor(path: string, fault: string) {
    super(fault)
    this.path = path
  }
}

/** A file was written by a newer version of this server. */
export class NewerFileError extends DamagedFileError {
  constructor(path: string) {
    super(path, 'it was made by a newer version of this server')
  }
}
