import { isFinal, issueSentence, type JobStatus, JobSummary } from '@promptlab/contract'
import { z } from 'zod'
import { runOf, StoredJob, type StoredRunningJob } from '../../../jobs/job.ts'
import { summaryOf } from '../../../jobs/job-summary.ts'
import { endedAt, type IdempotencyKey } from '../../../jobs/ports/job-repository.ts'
import type { Growth } from './growth.ts'

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
  /** The length of `line` in bytes. A grown entry may be a few bytes off. */
  readonly bytes: number
  /** When the job became final, in milliseconds since the epoch. Undefined until then. */
  readonly endedAt: number | undefined
  /** The number of the job's latest run; 0 before the first. */
  readonly run: number
  /** The length of the answer so far, in UTF-16 code units. */
  readonly textLength: number
  /** How this entry differs from the one before it, if a checkpoint made it. */
  readonly growth: Growth | undefined
  /** Undefined until it is asked for, in an entry that a checkpoint made. */
  #line: Uint8Array | undefined
  /** The parsed job. Undefined once the job is final, and where the line is very long. */
  readonly #unfinished: StoredJob | undefined
  /** The summary of a job that is not kept parsed, as JSON in UTF-8. Undefined where the line is short. */
  readonly #summary: Uint8Array | undefined

  private constructor(
    job: StoredJob,
    idempotency: IdempotencyKey | undefined,
    form: { readonly line: Uint8Array } | { readonly growth: Growth; readonly bytes: number },
  ) {
    this.id = job.id
    this.status = job.status
    this.provider = job.provider
    this.createdAt = job.createdAt
    this.owner = job.owner
    this.idempotency = idempotency
    this.endedAt = isFinal(job) ? endedAt(job) : undefined
    this.run = runOf(job)
    this.textLength = job.status === 'pending' ? 0 : job.result.length
    if ('growth' in form) {
      this.growth = form.growth
      this.bytes = form.bytes
      this.#unfinished = job
      return
    }
    this.#line = form.line
    this.bytes = form.line.length
    this.#unfinished = isFinal(job) || this.bytes > LONGEST_PARSED ? undefined : job
    const isLong = this.#unfinished === undefined && this.bytes > LONG_LINE
    this.#summary = isLong ? encoder.encode(JSON.stringify(summaryOf(job))) : undefined
  }

  static of(job: StoredJob, idempotency?: IdempotencyKey): JobEntry {
    // Not Buffer.from: it takes small buffers from a shared pool, so one line that stays would keep others in memory.
    return new JobEntry(job, idempotency, { line: encodeLine(job, idempotency) })
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
    return new JobEntry(job, idempotency, { line })
  }

  /** The job and its idempotency key as JSON in UTF-8, without a newline. It is serialised once: an entry never changes. */
  get line(): Uint8Array {
    this.#line ??= encodeLine(this.job, this.idempotency)
    return this.#line
  }

  /** The whole job. A final job, and one with a very long line, is parsed at each call. */
  get job(): StoredJob {
    return this.#unfinished ?? StoredJob.parse(JSON.parse(decoder.decode(this.line)))
  }

  /** The job as lists show it. */
  get summary(): JobSummary {
    return this.#summary ? JobSummary.parse(JSON.parse(decoder.decode(this.#summary))) : summaryOf(this.job)
  }

  /**
   * The entry after a checkpoint, which costs as much as the text that is new. Undefined if the growth belongs to another
   * run, or to one that has ended: then nothing changes.
   * @param whole the text after the growth, if the caller has it. Then pieces that were cut from longer texts are not kept:
   * each would keep the whole text that it was cut from in memory.
   * @throws RangeError the growth begins behind the end of the text
   */
  grown(growth: Growth, whole?: string): JobEntry | undefined {
    const { job } = this
    if (job.status !== 'running' || this.run !== growth.run) return undefined
    if (growth.at > this.textLength) {
      throw new RangeError(`it continues a text at ${growth.at} that ends at ${this.textLength}`)
    }
    const isCut = growth.at < this.textLength
    const result = whole ?? (isCut ? job.result.slice(0, growth.at) : job.result) + growth.text
    const next: StoredRunningJob = { ...job, result, metrics: growth.metrics, updatedAt: growth.updatedAt }
    const bytes = isCut ? encodeLine(next, this.idempotency).length : this.bytes + jsonBytes(growth.text)
    return new JobEntry(next, this.idempotency, { growth, bytes })
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function encodeLine(job: StoredJob, idempotency: IdempotencyKey | undefined): Uint8Array {
  return encoder.encode(JSON.stringify(idempotency ? { ...job, idempotency } : job))
}

/** What a text adds to the line of a job, in bytes. */
function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}

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
