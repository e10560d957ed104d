import { Low } from 'lowdb'
import type { Logger } from '../../../base/logger.ts'
import { DamagedFileError, type JobChanges, type JobEntries } from '../memory/job-entry.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { JobsFile } from './jobs-file.ts'
import { JournalFile, JournalGoneError } from './journal-file.ts'
import { journalLines, replay } from './journal-lines.ts'
import { Mutex } from './mutex.ts'
import { SizeWarning } from './size-warning.ts'

export interface StoreOptions {
  /** Gets warnings for the operator: problems that fail no request. */
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined
  /** The size of the jobs from which changes go to a journal, in bytes. The default is 64 KB. */
  readonly journalFromBytes?: number
  /** The files are compacted when they are larger than 1.5 times the jobs plus this, in bytes. The default is 4 MB. */
  readonly slackBytes?: number
  readonly disk?: Disk
}

/** Below this size, replacing the whole file takes about as long as appending to a journal: a millisecond. */
const JOURNAL_FROM_BYTES = 64 * 1024
const SLACK_BYTES = 4 * 1024 * 1024

/**
 * Jobs in memory and on disk: steps 4 to 6 of the picture at `JsonFileJobRepository`. A small store has one snapshot,
 * `jobs.json`, and each commit replaces it. A large store also has a journal, `jobs.json.journal`, and each commit appends
 * to it. A compaction writes a new snapshot from time to time, while commits go on, and then cuts from the journal what the
 * snapshot has.
 *
 * No crash loses a commit, because the journal on disk always has every change since the snapshot. Three rules keep it so:
 *
 * 1. The journal is cut only after the new snapshot is on disk.
 * 2. The journal is cut between two commits, never during one.
 * 3. A commit goes without a journal only after the removal of the journal is on disk.
 *
 * The journal may have changes that the snapshot has too: each line is the whole new state of a job, so applying it twice
 * changes nothing.
 */
export class JournaledStore {
  /** The jobs that are on disk. */
  readonly jobs: StoredJobs
  readonly #db: Low<JobEntries>
  readonly #journal: JournalFile
  readonly #logger: Pick<Logger, 'warn'> | undefined
  readonly #journalFromBytes: number
  readonly #slackBytes: number
  readonly #sizeWarning: SizeWarning
  /** Held by a commit, and by a compaction while it cuts the journal: disk and memory must stay at the same commit. */
  readonly #mutex = new Mutex()
  #isJournaling = false
  /** The size of the jobs in the last snapshot. */
  #snapshotBytes = 0
  #compaction: Promise<void> | undefined
  /** After a failed compaction, the length of the journal at which the next one is tried. */
  #retryAtLength = 0

  private constructor(path: string, files: StoreFiles, jobs: StoredJobs, options: StoreOptions) {
    this.jobs = jobs
    this.#db = files.db
    this.#journal = files.journal
    this.#logger = options.logger
    this.#journalFromBytes = options.journalFromBytes ?? JOURNAL_FROM_BYTES
    this.#slackBytes = options.slackBytes ?? SLACK_BYTES
    this.#sizeWarning = new SizeWarning(path, options.logger)
  }

  /**
   * Reads the files and writes a new snapshot. The write shows that the disk works before a job is accepted.
   * @throws DamagedFileError
   */
  static async open(path: string, options: StoreOptions = {}): Promise<JournaledStore> {
    const files = storeFiles(path, options.disk ?? nodeDisk)
    const store = new JournaledStore(path, files, new StoredJobs(await readEntries(path, files)), options)
    await store.#writeSnapshot(store.jobs.all())
    if (store.jobs.bytes >= store.#journalFromBytes) await store.#startJournal()
    else await store.#journal.remove()
    store.#sizeWarning.check(store.jobs)
    return store
  }

  /** Resolves when the changes are on disk. Without changes, it checks that the disk can be written. */
  commit(changes: JobChanges): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#isJournaling) await this.#append(changes)
      else await this.#writeSnapshot(this.jobs.with(changes))
      this.jobs.apply(changes)
      await this.#tidy()
    })
  }

  /** Writes everything into `jobs.json` and removes the journal. If that fails, the journal stays for the next start. */
  async close(): Promise<void> {
    await this.#compaction
    if (!this.#isJournaling) return
    try {
      if (this.#journal.length > 0) await this.#writeSnapshot(this.jobs.all())
      await this.#journal.remove()
    } catch (error) {
      await this.#journal.release()
      this.#logger?.warn(
        { err: error, journal: this.#journal.path },
        'could not write the journal into the job store; the next start reads the journal',
      )
    }
  }

  async #append(changes: JobChanges): Promise<void> {
    try {
      await (changes.size > 0 ? this.#journal.append([...journalLines(changes)]) : this.#journal.probe())
    } catch (error) {
      // The lost changes are in memory. A new snapshot gets them, and then a new journal can begin.
      if (error instanceof JournalGoneError && !this.#compaction) this.#startCompaction()
      throw error
    }
  }

  async #tidy(): Promise<void> {
    this.#sizeWarning.check(this.jobs)
    if (this.#isJournaling) {
      if (!this.#compaction && this.#isCompactionDue()) this.#startCompaction()
    } else if (this.jobs.bytes >= this.#journalFromBytes) {
      // If the journal cannot be created, commits go on replacing jobs.json, and the next one tries again.
      await this.#startJournal().catch(() => {})
    }
  }

  async #startJournal(): Promise<void> {
    await this.#journal.create()
    this.#isJournaling = true
  }

  #isCompactionDue(): boolean {
    const { length } = this.#journal
    if (length < this.#retryAtLength) return false
    return this.#isSmall() || this.#snapshotBytes + length > this.jobs.bytes * 1.5 + this.#slackBytes
  }

  /** Whether the store needs no journal any more. Half the size at which it begins, so that it does not come and go. */
  #isSmall(): boolean {
    return this.jobs.bytes < this.#journalFromBytes / 2
  }

  /** Call this while holding the mutex, so that memory and journal are at the same commit. Commits go on meanwhile. */
  #startCompaction(): void {
    this.#compaction = this.#compact(this.jobs.all(), this.#journal.length)
      .then(() => {
        this.#retryAtLength = 0
      })
      .catch((error) => {
        if (this.#retryAtLength === 0) {
          this.#logger?.warn(
            { err: error, journal: this.#journal.path },
            'could not compact the job store; its journal grows until that succeeds',
          )
        }
        this.#retryAtLength = Math.max(1, this.#journal.length + this.#slackBytes / 4)
      })
      .finally(() => {
        this.#compaction = undefined
      })
  }

  async #compact(entries: JobEntries, position: number): Promise<void> {
    await this.#writeSnapshot(entries)
    await this.#mutex.run(async () => {
      if (this.#isSmall()) {
        await this.#writeSnapshot(this.jobs.all())
        await this.#journal.remove()
        this.#isJournaling = false
      } else {
        await this.#journal.dropUntil(position)
      }
    })
  }

  async #writeSnapshot(entries: JobEntries): Promise<void> {
    this.#db.data = entries
    try {
      await this.#db.write()
    } finally {
      // Without this, lowdb would keep jobs in memory that are replaced later.
      this.#db.data = []
    }
    this.#snapshotBytes = entries.reduce((sum, { line }) => sum + line.length, 0)
  }
}

/** Reads the jobs of a store that no server uses. Changes nothing. */
export async function readStore(path: string): Promise<JobEntries> {
  return readEntries(path, storeFiles(path, nodeDisk))
}

interface StoreFiles {
  readonly db: Low<JobEntries>
  readonly journal: JournalFile
}

function storeFiles(path: string, disk: Disk): StoreFiles {
  // Not JSONFilePreset: it replaces the file by memory when NODE_ENV is "test".
  return { db: new Low<JobEntries>(new JobsFile(path, disk), []), journal: new JournalFile(path, disk) }
}

async function readEntries(path: string, { db, journal }: StoreFiles): Promise<JobEntries> {
  const none = db.data
  await db.read()
  const { data } = db
  db.data = none
  const changes = await journal.read()
  if (!changes) return data
  if (data === none) throw new DamagedFileError(journal.path, `${path}, to which it belongs, is missing`)
  return replay(journal.path, changes, data)
}
