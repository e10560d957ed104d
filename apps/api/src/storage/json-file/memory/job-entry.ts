import {
  isFinal,
  issueSentence,
  type JobStatus,
  JobSummary,
  type PendingJob,
  type RunningJob,
} from '@promptlab/contract'
import { z } from 'zod'
import { type Owned, StoredJob } from '../../../jobs/job.ts'
import { summaryOf } from '../../../jobs/job-summary.ts'
import { endedAt, type IdempotencyKey } from '../../../jobs/ports/job-repository.ts'

/** All jobs of a store, in the order of creation. */
export type JobEntries = readonly JobEntry[]

/** What a commit changes, by job id; `undefined` for a job that is removed. */
export type JobChanges = ReadonlyMap<string, JobEntry | undefined>

/** A line of a final job above this length has its summary beside it, in bytes: lists do not parse long texts. */
const LONG_LINE = 4_096

/**
 * A job as it is in the file: what it is found by, and its line. Finished jobs are most of a store and are seldom looked
 * at, so of them no more is kept: tens of thousands of objects and long strings would make every garbage collection slow,
 * while the bytes of a line cost it nothing.
 */
export class JobEntry {
  readonly id: string
  readonly status: JobStatus
  readonly provider: string
  readonly createdAt: string
  readonly owner: string | undefined
  readonly idempotency: IdempotencyKey | undefined
  /** Serialised once: jobs are never changed in place. */
  readonly line: Uint8Array
  /** When a job that has reached its final state did so, in milliseconds since the epoch. */
  readonly endedAt: number | undefined
  /** The job itself, until it has reached its final state. */
  readonly unfinished: ((PendingJob | RunningJob) & Owned) | undefined
  /** The summary of a final job as JSON in UTF-8. Undefined where the line is short. */
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
    this.unfinished = isFinal(job) ? undefined : job
    const isLong = isFinal(job) && line.length > LONG_LINE
    this.#summary = isLong ? encoder.encode(JSON.stringify(summaryOf(job))) : undefined
  }

  static of(job: StoredJob, idempotency?: IdempotencyKey): JobEntry {
    const line = JSON.stringify(idempotency ? { ...job, idempotency } : job)
    // Not Buffer.from: its shared pool would keep the lines of replaced jobs in memory with those that stay.
    return new JobEntry(job, idempotency, encoder.encode(line))
  }

  /**
   * The entry that a line stands for. The line is kept as it was read, so that fields this version does not know survive.
   * @param value what the line holds
   * @param at where it is, for the error
   * @throws DamagedFileError
   */
  static parse(value: unknown, line: Uint8Array, at: { path: string; place: string }): JobEntry {
    const parsed = JobLine.safeParse(value, { error: issueSentence })
    if (!parsed.success) throw new DamagedFileError(at.path, `${at.place}: ${describeIssues(parsed.error)}`)
    const { idempotency, ...job } = parsed.data
    return new JobEntry(job, idempotency, line)
  }

  get job(): StoredJob {
    return this.unfinished ?? StoredJob.parse(JSON.parse(decoder.decode(this.line)))
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

export function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
}

/** A file is not what this server wrote. The message says where and what; the file was not touched. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError'
  readonly path: string

  constructor(path: string, fault: string) {
    super(fault)
    this.path = path
  }
}
