import { Low } from 'lowdb'
import { DamagedFileError, type JobEntry } from '../memory/job-entry.ts'
import { type Disk, nodeDisk } from './disk.ts'
import type { JobsDocument } from './jobs-document.ts'
import { JobsFile } from './jobs-file.ts'
import { JournalFile } from './journal-file.ts'
import type { JournalPoint } from './journal-lines.ts'
import { type JournalContent, readJournal } from './journal-reader.ts'
import { Mutex } from './mutex.ts'

/**
 * The journal that was found. `current`: `jobs.json` names it, and its last change is before `end`. `left`: the next snapshot
 * does without it. `none`: there is no journal.
 */
export type FoundJournal = { readonly kind: 'none' | 'left' } | { readonly kind: 'current'; readonly end: JournalPoint }

/** The files `jobs.json` and `jobs.json.journal`. */
export class StoreFiles {
  readonly journal: JournalFile
  readonly #path: string
  readonly #db: Low<JobsDocument>
  /** Two writers would use one temporary file. */
  readonly #mutex = new Mutex()
  /** The size of the jobs in the last snapshot that was written. */
  #snapshotBytes = 0

  constructor(path: string, disk: Disk) {
    this.#path = path
    this.journal = new JournalFile(path, disk)
    // Not JSONFilePreset: it replaces the file by memory when NODE_ENV is "test".
    this.#db = new Low<JobsDocument>(new JobsFile(path, disk), NO_JOBS)
  }

  get snapshotBytes(): number {
    return this.#snapshotBytes
  }

  /**
   * Reads both files. Changes nothing.
   * @throws DamagedFileError a file is damaged or missing, or the two are not of one moment
   */
  async read(): Promise<Omit<JobsDocument, 'journal'> & { readonly journal: FoundJournal }> {
    await this.#db.read()
    const { data } = this.#db
    this.#db.data = NO_JOBS
    const content = await readJournalOf(this.#path, this.journal, data === NO_JOBS ? undefined : data)
    if (!content) return { ...data, journal: { kind: 'none' } }
    const entries: JobEntry[] = []
    for await (const entry of content.changes.applyTo(data.entries)) entries.push(entry)
    const isNamed = data.journal !== undefined && content.end !== undefined
    const removedUsage = [...data.removedUsage, ...content.changes.removedUsage]
    return { entries, removedUsage, journal: isNamed ? { kind: 'current', end: content.end } : { kind: 'left' } }
  }

  /** Replaces `jobs.json`. Resolves when the new file is on disk. If it rejects, either file may be there. */
  writeSnapshot(document: JobsDocument): Promise<void> {
    return this.#mutex.run(async () => {
      this.#db.data = document
      try {
        await this.#db.write()
      } finally {
        // Without this, lowdb would keep jobs in memory that are replaced later.
        this.#db.data = NO_JOBS
      }
      this.#snapshotBytes = document.entries.reduce((sum, { bytes }) => sum + bytes, 0)
    })
  }
}

const NO_JOBS: JobsDocument = { entries: [], removedUsage: [] }

/**
 * Reads the journal of a `jobs.json`.
 * @param document what is known of `jobs.json`; undefined when there is no such file
 * @returns undefined when there is no journal, and need not be one
 * @throws DamagedFileError
 */
export async function readJournalOf(
  path: string,
  journal: JournalFile,
  document: Pick<JobsDocument, 'journal'> | undefined,
): Promise<JournalContent | undefined> {
  const chunks = journal.read()
  if (chunks && !document) throw new DamagedFileError(journal.path, `${path}, to which it belongs, is missing`)
  if (!chunks && document?.journal)
    throw new DamagedFileError(journal.path, 'it is missing, and jobs.json needs its changes')
  return chunks && (await readJournal(journal.path, chunks, document?.journal))
}

/** Reads the jobs of a store that no server uses. Changes nothing. */
export function readStore(path: string): Promise<Omit<JobsDocument, 'journal'>> {
  return new StoreFiles(path, nodeDisk).read()
}
