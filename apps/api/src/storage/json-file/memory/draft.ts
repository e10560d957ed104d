import type { StoredJob } from '../../../jobs/job.ts'
import {
  IDEMPOTENCY_WINDOW_MS,
  type IdempotencyKey,
  type JobCheckpoint,
  type KeyedJob,
} from '../../../jobs/ports/job-repository.ts'
import { growthOf } from './growth.ts'
import { type JobChanges, JobEntry } from './job-entry.ts'
import type { StoredJobs } from './stored-jobs.ts'

/**
 * The store as it will be after a commit. The changes of the commit are applied to it one after the other: step 3 of the
 * picture at `JsonFileJobRepository`.
 */
export class Draft {
  readonly #stored: StoredJobs
  readonly #changes = new Map<string, JobEntry | undefined>()
  /** The jobs that this draft inserts, by idempotency key. */
  readonly #idsByKey = new Map<string, string>()
  #isTouched = false

  constructor(stored: StoredJobs) {
    this.#stored = stored
  }

  get changes(): JobChanges {
    return this.#changes
  }

  /** Whether the commit must write to the disk. */
  get isTouched(): boolean {
    return this.#isTouched
  }

  /** What the jobs will take in a file. */
  get bytes(): number {
    let { bytes } = this.#stored
    for (const [id, entry] of this.#changes) bytes += (entry?.bytes ?? 0) - (this.#stored.get(id)?.bytes ?? 0)
    return bytes
  }

  get(id: string): JobEntry | undefined {
    return this.#changes.has(id) ? this.#changes.get(id) : this.#stored.get(id)
  }

  /** The job that was created with the key less than `IDEMPOTENCY_WINDOW_MS` before `now`. */
  findByKey(key: string, now: number): KeyedJob | undefined {
    const id = this.#idsByKey.get(key) ?? this.#stored.findByKey(key)?.id
    const entry = id === undefined ? undefined : this.get(id)
    return entry && keyedJob(entry, now)
  }

  insert(job: StoredJob, idempotency: IdempotencyKey | undefined): void {
    this.#change(job.id, JobEntry.of(job, idempotency))
    if (idempotency) this.#idsByKey.set(idempotency.key, job.id)
  }

  /** Keeps the owner and the idempotency key that the job was inserted with. */
  replace(job: StoredJob): void {
    const { owner, idempotency } = this.get(job.id) ?? {}
    this.#change(job.id, JobEntry.of(owner === undefined ? job : { ...job, owner }, idempotency))
  }

  /** Stores the progress of a job that is running. */
  checkpoint(checkpoint: JobCheckpoint): void {
    const { job } = checkpoint
    // A growth is relative to what is on disk, and an earlier change of this commit is not there yet.
    const stored = this.#changes.has(job.id) ? undefined : this.#stored.get(job.id)
    const grown = stored?.grown(growthOf(checkpoint, stored.textLength), job.result)
    if (grown) this.#change(job.id, grown)
    else this.replace(job)
  }

  /** Removes the job if it is final. Returns whether it was. */
  deleteFinal(id: string): boolean {
    if (this.get(id)?.endedAt === undefined) return false
    this.#change(id, undefined)
    return true
  }

  /** Makes the commit write to the disk even if no job changes, to find out whether the disk works. */
  touch(): void {
    this.#isTouched = true
  }

  #change(id: string, entry: JobEntry | undefined): void {
    this.#changes.set(id, entry)
    this.touch()
  }
}

/** The entry's job, if it was created with a key less than `IDEMPOTENCY_WINDOW_MS` before `now`. */
export function keyedJob(entry: JobEntry, now: number): KeyedJob | undefined {
  const { createdAt, idempotency } = entry
  if (!idempotency || Date.parse(createdAt) <= now - IDEMPOTENCY_WINDOW_MS) return undefined
  return { job: entry.job, fingerprint: idempotency.fingerprint }
}
