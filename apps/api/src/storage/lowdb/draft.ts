import { isFinal, type Job } from '@promptlab/contract'
import { IDEMPOTENCY_WINDOW_MS, type IdempotencyKey, type KeyedJob } from '../../jobs/job-repository.ts'
import { type JobEntries, type JobEntry, jobEntry } from './jobs-file.ts'

/** The jobs that the disk has, and who has which idempotency key. */
export class StoredJobs {
  readonly #entries: Map<string, JobEntry>
  readonly #idsByKey = new Map<string, string>()

  constructor(entries: JobEntries) {
    this.#entries = new Map(entries)
    for (const entry of entries.values()) this.#addKey(entry)
  }

  get entries(): JobEntries {
    return this.#entries
  }

  findByKey(key: string): JobEntry | undefined {
    const id = this.#idsByKey.get(key)
    return id === undefined ? undefined : this.#entries.get(id)
  }

  /** Takes over what a draft changed, once the disk has it. */
  apply(changes: ReadonlyMap<string, JobEntry | undefined>): void {
    for (const [id, entry] of changes) {
      if (entry) {
        this.#entries.set(id, entry)
        this.#addKey(entry)
      } else {
        this.#removeKey(id)
        this.#entries.delete(id)
      }
    }
  }

  #addKey({ job, idempotency }: JobEntry): void {
    if (idempotency) this.#idsByKey.set(idempotency.key, job.id)
  }

  #removeKey(id: string): void {
    const key = this.#entries.get(id)?.idempotency?.key
    // The key may have gone to a later job, a day after this one.
    if (key !== undefined && this.#idsByKey.get(key) === id) this.#idsByKey.delete(key)
  }
}

/** The store as it will be after the commit that is being put together. */
export class Draft {
  readonly #stored: StoredJobs
  /** By id; `undefined` for a job that is removed. */
  readonly #changes = new Map<string, JobEntry | undefined>()
  #isTouched = false

  constructor(stored: StoredJobs) {
    this.#stored = stored
  }

  get changes(): ReadonlyMap<string, JobEntry | undefined> {
    return this.#changes
  }

  /** Whether the file has to be written. */
  get isTouched(): boolean {
    return this.#isTouched
  }

  get(id: string): Job | undefined {
    return this.#entry(id)?.job
  }

  /** The job that was created with the key within its window. */
  findByKey(key: string, now: number): KeyedJob | undefined {
    let entry = this.#stored.findByKey(key)
    if (entry) entry = this.#entry(entry.job.id)
    for (const changed of this.#changes.values()) if (changed?.idempotency?.key === key) entry = changed
    return entry && keyedJob(entry, now)
  }

  insert(job: Job, idempotency: IdempotencyKey | undefined): void {
    this.#change(job.id, jobEntry(job, idempotency))
  }

  replace(job: Job): void {
    this.#change(job.id, jobEntry(job, this.#entry(job.id)?.idempotency))
  }

  /** Removes the job if it is final; returns whether it was. */
  deleteFinal(id: string): boolean {
    const job = this.get(id)
    if (!job || !isFinal(job)) return false
    this.#change(id, undefined)
    return true
  }

  /** Has the file written even if nothing in it changes. */
  touch(): void {
    this.#isTouched = true
  }

  /** The whole store with the changes. */
  entries(): JobEntries {
    const entries = new Map(this.#stored.entries)
    for (const [id, entry] of this.#changes) {
      if (entry) entries.set(id, entry)
      else entries.delete(id)
    }
    return entries
  }

  #entry(id: string): JobEntry | undefined {
    return this.#changes.has(id) ? this.#changes.get(id) : this.#stored.entries.get(id)
  }

  #change(id: string, entry: JobEntry | undefined): void {
    this.#changes.set(id, entry)
    this.touch()
  }
}

/** The entry's job if its key is still in its window. */
export function keyedJob({ job, idempotency }: JobEntry, now: number): KeyedJob | undefined {
  if (!idempotency || Date.parse(job.createdAt) <= now - IDEMPOTENCY_WINDOW_MS) return undefined
  return { job, fingerprint: idempotency.fingerprint }
}
