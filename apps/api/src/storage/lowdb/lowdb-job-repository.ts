import { constants } from 'node:fs'
import { access, mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isFinal, type Job, type JobStatus, type PendingJob, type RunningJob } from '@promptlab/contract'
import { Low } from 'lowdb'
import { JobConflictError, type JobRepository, StorageUnavailableError } from '../../jobs/job-repository.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { FileLock } from './file-lock.ts'
import { GroupCommit } from './group-commit.ts'
import { DamagedFileError, type JobEntries, type JobEntry, JobsFile, jobEntry } from './jobs-file.ts'

/** Jobs in one JSON file, for one process. Changes that come while the disk is busy share its next write. */
export class LowdbJobRepository implements JobRepository {
  readonly #folder: string
  readonly #lock: FileLock
  readonly #db: Low<JobEntries>
  readonly #writes = new GroupCommit<DraftChange>((changes) => this.#commit(changes))
  /** What the disk has. `Low.data` runs ahead of it during a write, and stays ahead after a failed one. */
  #stored: JobEntries
  #isWritable = true
  #isClosed = false

  private constructor(folder: string, lock: FileLock, db: Low<JobEntries>) {
    this.#folder = folder
    this.#lock = lock
    this.#db = db
    this.#stored = db.data
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

  async insert(job: PendingJob): Promise<void> {
    await this.#change((draft) => {
      if (draft.get(job.id)) throw new JobConflictError(job.id)
      draft.set(job)
    })
  }

  async find(id: string): Promise<Job | undefined> {
    return this.#stored.get(id)?.job
  }

  replace(next: Job, ifStatus: JobStatus): Promise<boolean> {
    return this.#change((draft) => {
      if (draft.get(next.id)?.status !== ifStatus) return false
      draft.set(next)
      return true
    })
  }

  async findUnfinished(): Promise<(PendingJob | RunningJob)[]> {
    const unfinished: (PendingJob | RunningJob)[] = []
    for (const { job } of this.#stored.values()) if (!isFinal(job)) unfinished.push(job)
    return unfinished
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
    const next = draft.entries()
    if (!next) return
    this.#db.data = next
    try {
      await this.#db.write()
    } catch (cause) {
      this.#isWritable = false
      throw new StorageUnavailableError(cause)
    }
    this.#isWritable = true
    this.#stored = next
  }
}

interface DraftChange {
  readonly apply: (draft: Draft) => void
}

/** The store as it will be after the commit that is being put together. */
class Draft {
  readonly #stored: JobEntries
  readonly #changed = new Map<string, JobEntry>()
  #isTouched = false

  constructor(stored: JobEntries) {
    this.#stored = stored
  }

  get(id: string): Job | undefined {
    return (this.#changed.get(id) ?? this.#stored.get(id))?.job
  }

  set(job: Job): void {
    this.#changed.set(job.id, jobEntry(job))
    this.touch()
  }

  /** Has the file written even if nothing in it changes. */
  touch(): void {
    this.#isTouched = true
  }

  /** The whole store, or `undefined` if it needs no write. */
  entries(): JobEntries | undefined {
    return this.#isTouched ? new Map([...this.#stored, ...this.#changed]) : undefined
  }
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
