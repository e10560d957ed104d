import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FileLock } from '../file-lock.ts'
import type { ImportedJob, JobSource } from '../job-import.ts'
import { locateStoreFile, lockStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { damagedStore } from './damaged-store.ts'
import { nodeDisk } from './disk/disk.ts'
import { EditedDocumentError, streamDocument } from './disk/jobs-document.ts'
import { JournalFile } from './disk/journal-file.ts'
import { journaledChanges } from './disk/journal-lines.ts'
import { readStore } from './disk/journaled-store.ts'
import { DamagedFileError, type JobChanges, type JobEntry } from './memory/job-entry.ts'

const JOBS_PER_PAGE = 100
const READ_BYTES = 1024 * 1024

/**
 * The jobs of a JSON file, to be copied into another store. The file is streamed, however large it is. In memory are the ids
 * of all jobs, and the changes that a crash left in the journal.
 */
export class JsonFileJobSource implements JobSource {
  readonly #file: string
  readonly #lock: FileLock
  readonly #changes: JobChanges
  /** All jobs, if the document was edited and so had to be read as a whole. */
  #edited: readonly JobEntry[] | undefined

  private constructor(file: string, lock: FileLock, changes: JobChanges) {
    this.#file = file
    this.#lock = lock
    this.#changes = changes
  }

  /** @throws StoreOpenError the file does not exist, or is in use */
  static async open(path: string): Promise<JsonFileJobSource> {
    await stat(path).catch((cause) => {
      throw new StoreOpenError(`There is no job store ${path}.`, cause)
    })
    const file = await locateStoreFile(path)
    const lock = await lockStoreFile(file)
    try {
      return new JsonFileJobSource(file, lock, await orStoreOpenError(file, () => readChanges(file)))
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async count(): Promise<number> {
    try {
      return await this.#countEach()
    } catch (error) {
      if (!(error instanceof EditedDocumentError)) throw error
      // A file that somebody has edited is small enough to be read as a whole.
      this.#edited = await orStoreOpenError(this.#file, () => readStore(this.#file))
      return await this.#countEach()
    }
  }

  async *pages(): AsyncGenerator<readonly ImportedJob[]> {
    let page: ImportedJob[] = []
    for await (const { job, idempotency } of this.#entries()) {
      page.push({ job, idempotency })
      if (page.length < JOBS_PER_PAGE) continue
      yield page
      page = []
    }
    if (page.length > 0) yield page
  }

  close(): Promise<void> {
    return this.#lock.release()
  }

  /** Each job in its last state. */
  async *#entries(): AsyncGenerator<JobEntry> {
    const changes = new Map(this.#changes)
    for await (const entry of this.#snapshot()) {
      const isChanged = changes.has(entry.id)
      const last = isChanged ? changes.get(entry.id) : entry
      changes.delete(entry.id)
      if (last) yield last
    }
    for (const entry of changes.values()) if (entry) yield entry
  }

  async #countEach(): Promise<number> {
    return await orStoreOpenError(this.#file, async () => {
      const ids = new Set<string>()
      for await (const { id } of this.#entries()) {
        if (ids.has(id)) throw new DamagedFileError(this.#file, `the id ${id} occurs twice`)
        ids.add(id)
      }
      return ids.size
    })
  }

  #snapshot(): AsyncIterable<JobEntry> | Iterable<JobEntry> {
    return this.#edited ?? streamDocument(this.#file, createReadStream(this.#file, { highWaterMark: READ_BYTES }))
  }
}

async function readChanges(file: string): Promise<JobChanges> {
  const journal = new JournalFile(file, nodeDisk)
  const bytes = await journal.read()
  return bytes ? journaledChanges(journal.path, bytes) : new Map()
}

async function orStoreOpenError<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DamagedFileError ? damagedStore(file, error) : error
  }
}
