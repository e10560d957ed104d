import { ApiError } from '../../../base/api-error.ts'
import type { Logger } from '../../../base/logger.ts'
import type { JobChanges, RemovedUsage } from '../memory/job-entry.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { type Disk, nodeDisk } from './disk.ts'
import type { JobsDocument } from './jobs-document.ts'
import { JournalGoneError } from './journal-file.ts'
import { Mutex } from './mutex.ts'
import { SizeWarning } from './size-warning.ts'
import { type FoundJournal, StoreFiles } from './store-files.ts'

export interface StoreOptions {
  /** Gets warnings for the operator: problems that fail no request. */
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined
  /** The size of the jobs from which changes go to a journal, in bytes. The default is 64 KB. */
  readonly journalFromBytes?: number
  /**
   * In bytes, 4 MB by default. The files are compacted when they are larger than 1.5 times the jobs plus this. When the
   * journal alone is larger than twice the jobs plus four times this, changes wait for the compaction.
   */
  readonly slackBytes?: number
  readonly disk?: Disk
}

/** The journal is as long as it may be, and `jobs.json` could not be written anew. */
export class JournalFullError extends ApiError {
  override readonly name = 'JournalFullError'

  constructor(bytes: number) {
    super(
      'storage-full',
      `The journal of the job store has ${bytes} bytes, the most that it may, and jobs.json cannot be written anew. ` +
        'Nothing was changed. The operator finds the reason in the log; mostly the disk has no room for a second jobs.json.',
      { retryAfterSeconds: 60 },
    )
  }
}

const NOTHING_REMOVED: RemovedUsage = new Map()

/** Below this size, replacing the whole file takes about as long as appending to a journal: a millisecond. */
const JOURNAL_FROM_BYTES = 64 * 1024
const SLACK_BYTES = 4 * 1024 * 1024

/**
 * Jobs in memory and on disk: steps 4 to 6 of the picture at `JsonFileJobRepository`. A small store has one snapshot,
 * `jobs.json`, and each commit replaces it. A large store also has a journal, `jobs.json.journal`, and each commit appends
 * to it. The snapshot then names the journal, and the last change in it that the snapshot has. A compaction writes a new
 * snapshot from time to time, while commits go on, and then cuts from the journal what the snapshot has.
 *
 * No crash loses a commit, because the journal on disk always has every change since the snapshot. These rules keep it so:
 *
 * 1. A journal is on disk before a snapshot names it, and until a snapshot that does not name it is on disk.
 * 2. A journal is cut only after the snapshot that has the changes is on disk, and between two commits.
 * 3. Before a snapshot without a journal is written, the journal gets an `end`. So the next start can tell a journal that
 *    was to be removed from one that does not belong to this snapshot.
 * 4. A commit goes without a journal only after the removal of the journal is on disk.
 */
export class JournaledStore {
  /** The jobs that are on disk. */
  readonly jobs: StoredJobs
  readonly #files: StoreFiles
  readonly #logger: Pick<Logger, 'warn'> | undefined
  readonly #journalFromBytes: number
  readonly #slackBytes: number
  readonly #sizeWarning: SizeWarning
  /** Held by a commit, and by a compaction while it cuts the journal: disk and memory must stay at the same commit. */
  readonly #mutex = new Mutex()
  /**
   * `off`: there is no journal. `on`: the snapshot names the journal. `unsettled`: the beginning or the end of a journal
   * failed half-way, or another program took the journal away. Then nothing is appended until a snapshot has all jobs.
   */
  #journaling: 'off' | 'on' | 'unsettled' = 'off'
  #compaction: Promise<void> | undefined
  /** After a failed compaction, the length of the journal at which the next one is tried. */
  #retryAtLength = 0

  private constructor(path: string, files: StoreFiles, jobs: StoredJobs, options: StoreOptions) {
    this.jobs = jobs
    this.#files = files
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
    const files = new StoreFiles(path, options.disk ?? nodeDisk)
    const { entries, removedUsage, journal } = await files.read()
    const store = new JournaledStore(path, files, new StoredJobs(entries, removedUsage), options)
    try {
      await store.#settleFiles(journal)
    } catch (error) {
      await files.journal.release()
      throw error
    }
    store.#sizeWarning.check(store.jobs)
    return store
  }

  /**
   * Resolves when the changes are on disk. Without changes, it checks that the disk can be written.
   * @param removedUsage what the jobs that the changes remove add to the ledger
   * @throws JournalFullError
   */
  async commit(changes: JobChanges, removedUsage: RemovedUsage = NOTHING_REMOVED): Promise<void> {
    await this.#waitForRoom()
    await this.#mutex.run(async () => {
      if (this.#journaling === 'unsettled') await this.#endJournal()
      if (this.#journaling === 'on') await this.#append(changes, removedUsage)
      else {
        const removed = this.jobs.removedUsageWith(removedUsage)
        await this.#files.writeSnapshot({ entries: this.jobs.with(changes), removedUsage: removed })
      }
      this.jobs.apply(changes, removedUsage)
      await this.#tidy()
    })
  }

  /** Writes everything into `jobs.json` and removes the journal. If that fails, the journal stays for the next start. */
  async close(): Promise<void> {
    await this.#compaction
    if (this.#journaling === 'off') return
    const { journal } = this.#files
    try {
      await this.#endJournal()
    } catch (error) {
      await journal.release()
      this.#logger?.warn(
        { err: error, journal: journal.path },
        'could not write the journal into the job store; the next start reads the journal',
      )
    }
  }

  get #content(): Pick<JobsDocument, 'entries' | 'removedUsage'> {
    return { entries: this.jobs.all(), removedUsage: this.jobs.removedUsage }
  }

  /** Brings the files that were found into the form in which commits go on. */
  async #settleFiles(found: FoundJournal): Promise<void> {
    const files = this.#files
    const isLarge = this.jobs.bytes >= this.#journalFromBytes
    if (found.kind === 'current') {
      await files.writeSnapshot({ ...this.#content, journal: found.end })
      await files.journal.begin(found.end)
      this.#journaling = 'on'
      if (!isLarge) await this.#endJournal()
      return
    }
    // A journal that is left may be needed until a snapshot that does without it is on disk.
    if (!isLarge || found.kind === 'left') await files.writeSnapshot(this.#content)
    if (isLarge) await this.#beginJournal()
    else await files.journal.remove()
  }

  async #append(changes: JobChanges, removedUsage: RemovedUsage): Promise<void> {
    const { journal } = this.#files
    try {
      await (changes.size > 0 ? journal.append(changes, removedUsage) : journal.probe())
    } catch (error) {
      // The lost changes are in memory. The next commit begins with a new snapshot, and then a new journal can begin.
      if (error instanceof JournalGoneError) this.#journaling = 'unsettled'
      throw error
    }
  }

  async #tidy(): Promise<void> {
    this.#sizeWarning.check(this.jobs)
    if (this.#journaling === 'on') {
      if (!this.#compaction && this.#isCompactionDue()) this.#startCompaction()
    } else if (this.jobs.bytes >= this.#journalFromBytes) {
      // If the journal cannot begin, the next commit tries again.
      await this.#beginJournal().catch(() => {})
    }
  }

  async #beginJournal(): Promise<void> {
    const { journal } = this.#files
    await journal.begin()
    this.#journaling = 'unsettled'
    await this.#files.writeSnapshot({ ...this.#content, journal: journal.end })
    this.#journaling = 'on'
  }

  /** Afterwards `jobs.json` has everything, and there is no journal. */
  async #endJournal(): Promise<void> {
    const { journal } = this.#files
    await journal.appendEnd().catch((error) => {
      // Another program took the journal away, so there is nothing to end.
      if (!(error instanceof JournalGoneError)) throw error
    })
    this.#journaling = 'unsettled'
    await this.#files.writeSnapshot(this.#content)
    await journal.remove()
    this.#journaling = 'off'
  }

  #isCompactionDue(): boolean {
    const { journal, snapshotBytes } = this.#files
    if (journal.length < this.#retryAtLength) return false
    return this.#isSmall() || snapshotBytes + journal.length > this.jobs.bytes * 1.5 + this.#slackBytes
  }

  /** Whether the store needs no journal any more. Half the size at which it begins, so that it does not come and go. */
  #isSmall(): boolean {
    return this.jobs.bytes < this.#journalFromBytes / 2
  }

  /** Changes can come faster than jobs.json is written. Without a bound, the journal would fill the disk. */
  get #isFull(): boolean {
    return this.#journaling === 'on' && this.#files.journal.length > this.jobs.bytes * 2 + this.#slackBytes * 4
  }

  async #waitForRoom(): Promise<void> {
    if (!this.#isFull) return
    await this.#compaction
    // The changes that came during that compaction may be too many already.
    if (this.#isFull) await this.#mutex.run(async () => this.#startCompaction())
    await this.#compaction
    if (this.#isFull) throw new JournalFullError(this.#files.journal.length)
  }

  /** Call this while holding the mutex, so that memory and journal are at the same commit. Commits go on meanwhile. */
  #startCompaction(): void {
    const { journal } = this.#files
    this.#compaction ??= this.#compact()
      .then(() => {
        this.#retryAtLength = 0
      })
      .catch((error) => {
        if (this.#retryAtLength === 0) {
          this.#logger?.warn(
            { err: error, journal: journal.path },
            'could not compact the job store; its journal grows, up to a bound, until that succeeds',
          )
        }
        this.#retryAtLength = Math.max(1, journal.length + this.#slackBytes / 4)
      })
      .finally(() => {
        this.#compaction = undefined
      })
  }

  async #compact(): Promise<void> {
    const { journal } = this.#files
    const [end, length] = [journal.end, journal.length]
    await this.#files.writeSnapshot({ ...this.#content, journal: end })
    await this.#mutex.run(async () => {
      // Meanwhile the journal may have been taken away, and another one begun.
      if (this.#journaling !== 'on' || journal.end.id !== end.id) return
      if (this.#isSmall()) await this.#endJournal()
      else await journal.dropUntil(end, length)
    })
  }
}
