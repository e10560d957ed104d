import { isFinal, type JobStatus } from '@promptlab/contract'
import { z } from 'zod'
import { runOf, StoredJob } from '../../../jobs/job.ts'
import { endedAt, type IdempotencyKey } from '../../../jobs/ports/job-repository.ts'

/** All jobs of a store, in the order of creation. */
export type JobEntries = readonly JobEntry[]

/** What a commit changes, by job id; `undefined` for a job that is removed. */
export type JobChanges = ReadonlyMap<string, JobEntry | undefined>

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
  /** The number of the job's latest run; 0 before the first. */
  readonly run: number
  /** The job itself, if it is unfinished and short. */
  readonly #unfinished: StoredJob | undefined

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
    this.#unfinished = isFinal(job) || line.length > LONGEST_KEPT ? undefined : job
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
    const parsed = JobLine.safeParse(value)
    if (!parsed.success) throw new DamagedFileError(at.path, `${at.place}: ${describeIssues(parsed.error)}`)
    const { idempotency, ...job } = parsed.data
    return new JobEntry(job, idempotency, line)
  }

  get job(): StoredJob {
    return this.#unfinished ?? StoredJob.parse(JSON.parse(decoder.decode(this.line)))
  }
}

/** Longer jobs are parsed when they are asked for, in bytes: kept as objects, thousands of them would fill the heap. */
const LONGEST_KEPT = 16 * 1024
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
