import { Low } from 'lowdb'
import type { Logger } from '../../../base/logger.ts'
import { DamagedFileError, type JobChanges, type JobEntries } from '../memory/job-entry.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { type Disk, nodeDisk } from './disk.ts'
import { JobsFile } from './jobs-file.ts'
import { JournalFile, JournalGoneError } from './journal-file.ts'
import { journalLines, replay } from './journal-lines.ts'
import { SizeWarning } from './size-warning.ts'
import { Turns } from './turns.ts'

export interface StoreOptions {
  /** Told what an operator should know and no caller is told. */
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined
  /** From this size on, changes go to a journal. */
  readonly journalFromBytes?: number
  /** What the files may hold beyond what the jobs need, and half of that again, until they are compacted. */
  readonly slackBytes?: number
  readonly disk?: Disk
}

/** To replace a file of this size as a whole costs little more than to append to one. */
const JOURNAL_FROM_BYTES = 64 * 1024
const SLACK_BYTES = 4 * 1024 * 1024

/**
 * Jobs in memory and on disk. While they are few, each commit replaces `jobs.json`. When they are many, it appends to
 * `jobs.json.journal`, and now and then `jobs.json` is written anew, while commits go on, and the journal cut.
 *
 * Whenever the process or the machine stops, nothing is lost, because at each moment the journal on disk, if there is one,
 * has every change since `jobs.json` was written, without a gap: a new `jobs.json` is there for good before the journal
 * loses what it holds, the journal is cut between two commits, and it is gone for good before a commit goes without it.
 * That the journal may begin earlier than `jobs.json` does no harm, as each line is the whole new state of a job.
 */
export class JournaledStore {
  /** What the disk has. */
  readonly jobs: StoredJobs
  readonly #db: Low<JobEntries>
  readonly #journal: JournalFile
  readonly #logger: Pick<Logger, 'warn'> | undefined
  readonly #journalFromBytes: number
  readonly #slackBytes: number
  readonly #sizeWarning: SizeWarning
  /** Commits, and what must not come between their disk and their memory. */
  readonly #turns = new Turns()
  #isJournaling = false
  /** What the jobs took when `jobs.json` was written. */
  #snapshotBytes = 0
  #compaction: Promise<void> | undefined
  /** After a compaction that failed, the length of the journal at which it is tried again. */
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
   * Reads what is there and writes it, which proves that the files can be written before the first job is accepted.
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

  /** Returns when the disk has the changes. Without any it only proves that the disk can be written. */
  commit(changes: JobChanges): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#isJournaling) await this.#append(changes)
      else await this.#writeSnapshot(this.jobs.with(changes))
      this.jobs.apply(changes)
      await this.#tidy()
    })
  }

  /** Leaves everything in `jobs.json`, if that can be written. */
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
        'the job store keeps its journal; the next start reads it',
      )
    }
  }

  async #append(changes: JobChanges): Promise<void> {
    try {
      await (changes.size > 0 ? this.#journal.append([...journalLines(changes)]) : this.#journal.probe())
    } catch (error) {
      // Its changes are in memory. Once jobs.json has them, a new journal can begin.
      if (error instanceof JournalGoneError && !this.#compaction) this.#startCompaction()
      throw error
    }
  }

  async #tidy(): Promise<void> {
    this.#sizeWarning.check(this.jobs)
    if (this.#isJournaling) {
      if (!this.#compaction && this.#isCompactionDue()) this.#startCompaction()
    } else if (this.jobs.bytes >= this.#journalFromBytes) {
      // If there can be none, jobs.json goes on being replaced, and the next commit tries again.
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

  /** Well below where a journal begins, so that it does not come and go. */
  #isSmall(): boolean {
    return this.jobs.bytes < this.#journalFromBytes / 2
  }

  /** Call it in a turn, when memory and journal are at the same commit. Commits go on meanwhile. */
  #startCompaction(): void {
    this.#compaction = this.#compact(this.jobs.all(), this.#journal.length)
      .then(() => {
        this.#retryAtLength = 0
      })
      .catch((error) => {
        if (this.#retryAtLength === 0) {
          this.#logger?.warn(
            { err: error, journal: this.#journal.path },
            'the job store could not be compacted; its journal grows until it can be',
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
    await this.#turns.run(async () => {
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
      // Or jobs that are replaced meanwhile would stay in memory.
      this.#db.data = []
    }
    this.#snapshotBytes = entries.reduce((sum, { line }) => sum + line.length, 0)
  }
}

/** The jobs that a store has which no server holds. Changes nothing. */
export async function readStore(path: string): Promise<JobEntries> {
  return readEntries(path, storeFiles(path, nodeDisk))
}

interface StoreFiles {
  readonly db: Low<JobEntries>
  readonly journal: JournalFile
}

function storeFiles(path: string, disk: Disk): StoreFiles {
  // Not JSONFilePreset: it swaps the file for memory when NODE_ENV is "test".
  return { db: new Low<JobEntries>(new JobsFile(path, disk), []), journal: new JournalFile(`${path}.journal`, disk) }
}

async function readEntries(path: string, { db, journal }: StoreFiles): Promise<JobEntries> {
  const none = db.data
  await db.read()
  const { data } = db
  db.data = none
  const changes = await journal.read()
  if (!changes) return data
  if (data === none) throw new DamagedFileError(journal.path, `${path}, which it belongs to, is missing`)
  return replay(journal.path, changes, data)
}
