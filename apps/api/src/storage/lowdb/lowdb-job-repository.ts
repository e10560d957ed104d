import { constants } from 'node:fs'
import { access, mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFinal, type Job, type JobStatus, type PendingJob, type RunningJob } from '@promptlab/contract'
import { Low } from 'lowdb'
import {
  endedAt,
  type IdempotencyKey,
  JobConflictError,
  type JobPosition,
  type JobQuery,
  type JobRepository,
  type KeyedJob,
  StorageUnavailableError,
} from '../../jobs/job-repository.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { Draft, keyedJob, StoredJobs } from './draft.ts'
import { FileLock } from './file-lock.ts'
import { GroupCommit } from './group-commit.ts'
import { DamagedFileError, type JobEntries, JobsFile } from './jobs-file.ts'

/** Jobs in one JSON file, for one process. Changes that come while the disk is busy share its next write. */
export class LowdbJobRepository implements JobRepository {
  readonly #folder: string
  readonly #lock: FileLock
  readonly #db: Low<JobEntries>
  readonly #writes = new GroupCommit<DraftChange>((changes) => this.#commit(changes))
  /** What the disk has. `Low.data` runs ahead of it during a write, and stays ahead after a failed one. */
  readonly #stored: StoredJobs
  #isWritable = true
  #isClosed = false

  private constructor(folder: string, lock: FileLock, db: Low<JobEntries>) {
    this.#folder = folder
    this.#lock = lock
    this.#db = db
    this.#stored = new StoredJobs(db.data)
  }

  /**
   * Opens or creates the file, and its folder.
   * @throws StoreOpenError it is damaged, cannot be written, or is in use
   */
  static async open(path: string): Promise<LowdbJobRepository> {
    const file = await locate(path).catch((cause) => {
      throw new StoreOpenError(`The folder of the job store ${path} cannot be used: ${messageOf(cause)}.`, cause)
    })
    const lock = await lockStore(file)
    try {
      // Not JSONFilePreset: it swaps the file for memory when NODE_ENV is "test".
      const db = new Low<JobEntries>(new JobsFile(file), new Map())
      await db.read()
      // Proves that the file can be written before the first job is accepted.
      await db.write()
      return new LowdbJobRepository(dirname(file), lock, db)
    } catch (error) {
      await lock.release()
      if (error instanceof DamagedFileError) throw damaged(file, error)
      throw new StoreOpenError(`The job store ${file} cannot be read and written: ${messageOf(error)}.`, error)
    }
  }

  insert(job: PendingJob, idempotency?: IdempotencyKey): Promise<KeyedJob | undefined> {
    return this.#change((draft) => {
      const first = idempotency && draft.findByKey(idempotency.key, Date.parse(job.createdAt))
      if (first) return first
      if (draft.get(job.id)) throw new JobConflictError(job.id)
      draft.insert(job, idempotency)
      return undefined
    })
  }

  async find(id: string): Promise<Job | undefined> {
    return this.#stored.entries.get(id)?.job
  }

  async findByIdempotencyKey(key: string, now: number): Promise<KeyedJob | undefined> {
    const entry = this.#stored.findByKey(key)
    return entry && keyedJob(entry, now)
  }

  async findUnfinished(): Promise<(PendingJob | RunningJob)[]> {
    const unfinished: (PendingJob | RunningJob)[] = []
    for (const { job } of this.#stored.entries.values()) if (!isFinal(job)) unfinished.push(job)
    return unfinished
  }

  async list({ limit, after, status, provider }: JobQuery): Promise<Job[]> {
    const jobs: Job[] = []
    for (const { job } of this.#stored.entries.values()) {
      if (status && job.status !== status) continue
      if (provider && job.provider !== provider) continue
      if (after && comparePositions(job, after) <= 0) continue
      jobs.push(job)
    }
    return jobs.sort(comparePositions).slice(0, limit)
  }

  replace(next: Job, ifStatus: JobStatus): Promise<boolean> {
    return this.#change((draft) => {
      if (draft.get(next.id)?.status !== ifStatus) return false
      draft.replace(next)
      return true
    })
  }

  deleteFinal(id: string): Promise<boolean> {
    return this.#change((draft) => draft.deleteFinal(id))
  }

  async deleteFinalBefore(time: number, limit: number): Promise<number> {
    const ids: string[] = []
    for (const { job } of this.#stored.entries.values()) {
      if (ids.length === limit) break
      if (isFinal(job) && endedAt(job) < time) ids.push(job.id)
    }
    if (ids.length === 0) return 0
    return await this.#change((draft) => ids.filter((id) => draft.deleteFinal(id)).length)
  }

  async checkHealth(): Promise<void> {
    if (this.#isClosed) throw new StorageUnavailableError()
    try {
      await access(this.#folder, constants.W_OK)
    } catch (cause) {
      throw new StorageUnavailableError(cause)
    }
    // After a failed write, only one that succeeds shows that the disk is well again.
    if (!this.#isWritable) await this.#writes.submit({ apply: (draft) => draft.touch() })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writes.idle()
    await this.#lock.release()
  }

  async #change<Result>(decide: (draft: Draft) => Result): Promise<Result> {
    if (this.#isClosed) throw new StorageUnavailableError()
    let outcome: (() => Result) | undefined
    await this.#writes.submit({
      apply: (draft) => {
        try {
          const result = decide(draft)
          outcome = () => result
        } catch (error) {
          outcome = () => {
            throw error
          }
        }
      },
    })
    if (!outcome) throw new Error('The change was committed without being applied')
    return outcome()
  }

  async #commit(changes: readonly DraftChange[]): Promise<void> {
    const draft = new Draft(this.#stored)
    for (const { apply } of changes) apply(draft)
    if (!draft.isTouched) return
    this.#db.data = draft.entries()
    try {
      await this.#db.write()
    } catch (cause) {
      this.#isWritable = false
      throw new StorageUnavailableError(cause)
    }
    this.#isWritable = true
    this.#stored.apply(draft.changes)
  }
}

interface DraftChange {
  readonly apply: (draft: Draft) => void
}

/** Positive when `a` comes after `b` in the list: it is older, or of the same time and has the smaller id. */
function comparePositions(a: JobPosition, b: JobPosition): number {
  return compare(b.createdAt, a.createdAt) || compare(b.id, a.id)
}

/** By code units, as SQL stores compare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The file's path with its folder made and links followed, as a write replaces the file itself. */
async function locate(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  try {
    return await realpath(path)
  } catch {
    return join(await realpath(dirname(path)), basename(path))
  }
}

async function lockStore(file: string): Promise<FileLock> {
  const lock = await FileLock.acquire(`${file}.lock`).catch((cause) => {
    throw new StoreOpenError(
      `The job store ${file} cannot be locked: ${messageOf(cause)}. Its folder must be writable.`,
      cause,
    )
  })
  if (lock instanceof FileLock) return lock
  throw new StoreOpenError(
    `The job store ${file} is in use by ${lock.heldBy}. Stop that server, or give this one another DATABASE_URL.`,
  )
}

function damaged(file: string, cause: DamagedFileError): StoreOpenError {
  return new StoreOpenError(
    `The job store ${file} is damaged: ${cause.message}. It was left as it is. ` +
      'Repair it, put a backup in its place, or move it away to start with no jobs.',
    cause,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
