import { isFinal, issueSentence, type JobStatus, JobSummary, type Metadata } from '@promptlab/contract'
import { z } from 'zod'
import { answerLength } from '../../../jobs/answer/stored-answer.ts'
import { countEntries, decodeTape } from '../../../jobs/answer/tape.ts'
import { runOf, StoredJob } from '../../../jobs/job.ts'
import { summaryOf } from '../../../jobs/job-summary.ts'
import { itemSizes } from '../../../jobs/kept-parts.ts'
import type { IdempotencyKey } from '../../../jobs/ports/stored-values.ts'
import { recordVersionOf } from '../../../jobs/record-version.ts'
import { type UsageEntry, usagesOf } from '../../../jobs/usage/usage-entry.ts'
import { encodeWords } from './encoded-words.ts'
import { bytesOf, type Growth, grownJob } from './growth.ts'
import { hasKeptFields } from './kept-fields.ts'

/** All jobs of a store, in the order of creation. */
export type JobEntries = readonly JobEntry[]

/** The changes of a commit by job id: the new entry, or `undefined` for a job that is removed. */
export type JobChanges = ReadonlyMap<string, JobEntry | undefined>

/** What jobs that are removed add to the ledger, by job id. Jobs that cost nothing are not in it. */
export type RemovedUsage = ReadonlyMap<string, readonly UsageEntry[]>

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
  /** When the job was stored last, in milliseconds since the epoch. */
  readonly updatedAt: number
  /** When the job became final, in milliseconds since the epoch. Undefined until then. */
  readonly endedAt: number | undefined
  /** The number of the job's latest run; 0 before the first. */
  readonly run: number
  /** The places that the answer takes so far, and the number of its pieces. */
  readonly place: number
  readonly pieces: number
  /** The job whose conversation goes on. */
  readonly previousJobId: string | undefined
  /** What the job adds to the ledger. Empty until it has ended, and if it cost nothing. */
  readonly usages: readonly UsageEntry[]
  /** The items that the job refers to, and their sizes in bytes. Undefined if there are none. */
  readonly items: ReadonlyMap<string, number> | undefined
  /** The blocks that have the earlier messages of the job. They are among its items, too. */
  readonly history: StoredJob['history']
  /** Whether the job has fields that its later states do not change. */
  readonly hasKeptFields: boolean
  /** The digest of the request that the job was made of at a door. */
  readonly requestDigest: string | undefined
  /** When the job is removed once it is final, in milliseconds since the epoch. Lists leave out jobs that have it. */
  readonly deleteAfter: number | undefined
  /** Until when somebody waits for the job, in milliseconds since the epoch. Undefined of a final job. */
  readonly watchedUntil: number | undefined
  /** What the job may cost, in billionths of a US dollar, if its caller has a budget. Undefined of a final job. */
  readonly reserved: number | undefined
  /** When the next delivery of the job's end is due, in milliseconds since the epoch. */
  readonly notifyAt: number | undefined
  readonly model: string
  readonly metadata: Metadata | undefined
  /** When the job may run, in milliseconds since the epoch, if its vendor told it to wait. */
  readonly notBefore: number | undefined
  /** Which versions of the server can read the job, see `RECORD_VERSION`. */
  readonly recordVersion: number
  /** How this entry differs from the one before it, if a checkpoint made it. */
  readonly growth: Growth | undefined
  /** The words of a final job, once they were asked for. */
  #words: Buffer | undefined
  /** Undefined until it is asked for, in an entry that a checkpoint made. */
  #line: Uint8Array | undefined
  /** The parsed job. Undefined once the job is final, and where the line is very long. */
  readonly #unfinished: StoredJob | undefined
  /** The summary of a job that is not kept parsed, as JSON in UTF-8. Undefined where the line is short. */
  readonly #summary: Uint8Array | undefined

  private constructor(
    job: StoredJob,
    idempotency: IdempotencyKey | undefined,
    form:
      | { readonly line: Uint8Array; readonly growth?: undefined }
      | { readonly growth: Growth; readonly bytes: number },
  ) {
    this.id = job.id
    this.status = job.status
    this.provider = job.provider
    this.createdAt = job.createdAt
    this.owner = job.owner
    this.idempotency = idempotency
    this.updatedAt = Date.parse(job.updatedAt)
    this.endedAt = isFinal(job) ? this.updatedAt : undefined
    this.run = runOf(job)
    this.place = job.status === 'pending' ? 0 : answerLength(job)
    this.pieces = piecesOf(job, form)
    this.previousJobId = job.previousJobId
    this.usages = usagesOf(job)
    const items = itemSizes(job)
    this.items = items.size > 0 ? items : undefined
    this.history = job.history
    this.hasKeptFields = hasKeptFields(job)
    this.requestDigest = job.requestDigest
    this.deleteAfter = timeOf(job.deleteAfter)
    this.watchedUntil = isFinal(job) ? undefined : timeOf(job.watchedUntil)
    this.reserved = isFinal(job) ? undefined : job.reserved
    this.notifyAt = timeOf(job.notifyAt)
    this.model = job.model
    this.metadata = job.metadata
    this.notBefore = job.status === 'pending' ? timeOf(job.waitingFor?.until) : undefined
    this.recordVersion = recordVersionOf(job)
    if (form.growth) {
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

  /** Whether the job has ended and its words are not kept yet. */
  get lacksWords(): boolean {
    return this.endedAt !== undefined && this.#words === undefined
  }

  /** The words by which the job is searched, see `encodeWords`. */
  get words(): Buffer {
    if (this.endedAt !== undefined) this.keepWords()
    return this.#words ?? this.#findWords()
  }

  /** Keeps the words of a final job. */
  keepWords(): void {
    this.#words ??= this.#findWords()
  }

  #findWords(): Buffer {
    const { prompt, result = '' } = JobTexts.parse(this.#unfinished ?? JSON.parse(decoder.decode(this.line)))
    return encodeWords([prompt, result])
  }

  /** The job as lists show it. */
  get summary(): JobSummary {
    return this.#summary ? JobSummary.parse(JSON.parse(decoder.decode(this.#summary))) : summaryOf(this.job)
  }

  /**
   * The entry after a checkpoint, which costs as much as what is new. Undefined if the growth belongs to another run, or to
   * one that has ended: then nothing changes.
   * @throws RangeError the growth begins behind the end of the answer
   */
  grown(growth: Growth): JobEntry | undefined {
    const { job } = this
    if (job.status !== 'running' || this.run !== growth.run) return undefined
    if (growth.place > this.place) {
      throw new RangeError(`it continues an answer at ${growth.place} that ends at ${this.place}`)
    }
    const isBehind = growth.place === this.place && growth.pieces === this.pieces
    const next = grownJob(job, growth, isBehind)
    const bytes = isBehind ? this.bytes + bytesOf(growth) : encodeLine(next, this.idempotency).length
    return new JobEntry(next, this.idempotency, { growth, bytes })
  }
}

/** @returns milliseconds since the epoch */
function timeOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}

/** Only an answer that still grows needs the number. */
function piecesOf(job: StoredJob, form: { readonly growth?: Growth | undefined }): number {
  if (form.growth) return form.growth.pieces + countEntries(decodeTape(form.growth.tape))
  return job.status === 'running' ? countEntries(decodeTape(job.tape ?? '')) : 0
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function encodeLine(job: StoredJob, idempotency: IdempotencyKey | undefined): Uint8Array {
  return encoder.encode(JSON.stringify(idempotency ? { ...job, idempotency } : job))
}

const JobLine = StoredJob.and(
  z.object({ idempotency: z.object({ key: z.string(), fingerprint: z.string() }).optional() }),
)

const JobTexts = z.object({ prompt: z.string(), result: z.string().optional() })

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
