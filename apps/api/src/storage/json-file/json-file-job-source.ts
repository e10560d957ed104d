import { stat } from 'node:fs/promises'
import type { StoredJob } from '../../jobs/job.ts'
import type { Item } from '../../jobs/ports/stored-values.ts'
import type { UsageEntry } from '../../jobs/usage/usage-entry.ts'
import { UsageTally } from '../../jobs/usage/usage-tally.ts'
import type { FileLock } from '../file-lock.ts'
import type { ImportedJob, JobSource } from '../job-import.ts'
import { locateStoreFile, lockStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { damagedStore } from './damaged-store.ts'
import { nodeDisk } from './disk/disk.ts'
import { ItemFolder } from './disk/item-folder.ts'
import { EditedDocumentError, readHead, streamDocument } from './disk/jobs-document.ts'
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
  /** What the files have beside the jobs of the document. Undefined if the document was edited. */
  readonly #found: Found | undefined
  /** The whole store, if single jobs are read, or if the document was edited. */
  #whole: Awaited<ReturnType<typeof readStore>> | undefined

  private constructor(file: string, lock: FileLock, found: Found | undefined) {
    this.#file = file
    this.#lock = lock
    this.#found = found
  }

  /** @throws StoreOpenError the file does not exist, or is in use */
  static async open(path: string): Promise<JsonFileJobSource> {
    await stat(path).catch((cause) => {
      throw new StoreOpenError(`There is no job store ${path}.`, cause)
    })
    const file = await locateStoreFile(path)
    const lock = await lockStoreFile(file)
    try {
      return new JsonFileJobSource(file, lock, await orStoreOpenError(file, () => readBeside(file)))
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
      this.#whole = await orStoreOpenError(this.#file, () => readStore(this.#file))
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

  async usage(): Promise<readonly UsageEntry[]> {
    const tally = new UsageTally((this.#whole ?? this.#found)?.removedUsage)
    for await (const { usages } of this.#entries()) for (const usage of usages) tally.add(usage)
    return tally.entries()
  }

  /** Reads the whole file at its first call. */
  async find(id: string): Promise<StoredJob | undefined> {
    this.#whole ??= await orStoreOpenError(this.#file, () => readStore(this.#file))
    return this.#whole.entries.find((entry) => entry.id === id)?.job
  }

  async findItem(id: string): Promise<Uint8Array | undefined> {
    return await (await ItemFolder.open(this.#file, nodeDisk)).find(id)
  }

  close(): Promise<void> {
    return this.#lock.release()
  }

  /** Each job in its last state. */
  #entries(): AsyncIterable<JobEntry> | Iterable<JobEntry> {
    if (this.#whole) return this.#whole.entries
    if (!this.#found) throw new EditedDocumentError()
    return this.#found.changes.applyTo(streamDocument(this.#file, nodeDisk.stream(this.#file)))
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

interface Found {
  /** What a crash left in the journal. */
  readonly changes: JournalChanges
  readonly removedUsage: readonly UsageEntry[]
}

/** @returns undefined when the document was edited, and so cannot be streamed */
async function readBeside(file: string): Promise<Found | undefined> {
  try {
    const head = await readHead(file, nodeDisk.stream(file))
    const content = await readJournalOf(file, new JournalFile(file, nodeDisk), head)
    const changes = content?.changes ?? new JournalChanges()
    return { changes, removedUsage: [...head.removedUsage, ...changes.removedUsage] }
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
