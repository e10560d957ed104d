import { stat } from 'node:fs/promises'
import type { Item } from '../../jobs/ports/job-repository.ts'
import type { FileLock } from '../file-lock.ts'
import type { ImportedJob, JobSource } from '../job-import.ts'
import { locateStoreFile, lockStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { damagedStore } from './damaged-store.ts'
import { nodeDisk } from './disk/disk.ts'
import { ItemFolder } from './disk/item-folder.ts'
import { EditedDocumentError, journalNamedBy, streamDocument } from './disk/jobs-document.ts'
import { JournalChanges } from './disk/journal-changes.ts'
import { JournalFile } from './disk/journal-file.ts'
import { readJournalOf, readStore } from './disk/store-files.ts'
import { DamagedFileError, type JobEntry } from './memory/job-entry.ts'

const JOBS_PER_PAGE = 100

/**
 * The jobs of a JSON file, to be copied into another store. The file is streamed, however large it is. In memory are the ids
 * of all jobs, and the changes that a crash left in the journal.
 */
export class JsonFileJobSource implements JobSource {
  readonly #file: string
  readonly #lock: FileLock
  /** Undefined if the document was edited. */
  readonly #changes: JournalChanges | undefined
  /** All jobs, if the document was edited and so had to be read as a whole. */
  #edited: readonly JobEntry[] | undefined

  private constructor(file: string, lock: FileLock, changes: JournalChanges | undefined) {
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

  async *items(): AsyncGenerator<Item> {
    yield* (await ItemFolder.open(this.#file, nodeDisk)).all()
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
  #entries(): AsyncIterable<JobEntry> | Iterable<JobEntry> {
    if (this.#edited) return this.#edited
    if (!this.#changes) throw new EditedDocumentError()
    return this.#changes.applyTo(streamDocument(this.#file, nodeDisk.stream(this.#file)))
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
}

/** @returns undefined when the document was edited, and so cannot be streamed */
async function readChanges(file: string): Promise<JournalChanges | undefined> {
  try {
    const named = await journalNamedBy(file, nodeDisk.stream(file))
    const content = await readJournalOf(file, new JournalFile(file, nodeDisk), { journal: named })
    return content?.changes ?? new JournalChanges()
  } catch (error) {
    if (error instanceof EditedDocumentError) return undefined
    throw error
  }
}

async function orStoreOpenError<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DamagedFileError ? damagedStore(file, error) : error
  }
}
