import { dirname } from 'node:path'
import type { JobChanges, RemovedUsage } from '../memory/job-entry.ts'
import { chunksOf, type Disk, type DiskFile, writeChunks } from './disk.ts'
import { changeLines, endLine, headerLine, type JournalPoint, newJournal, unfinishedLine } from './journal-lines.ts'
import { replaceFile } from './replace-file.ts'

/** Another program moved, replaced or shortened the journal. */
export class JournalGoneError extends Error {
  override readonly name = 'JournalGoneError'
}

const READ_BYTES = 256 * 1024
const PROBE_BYTES = 4096

/**
 * The file `jobs.json.journal`, to which changes are appended. Call one method at a time.
 *
 * The file stays open between appends. Each append first checks that the path still leads to this file, because an open
 * file goes on taking writes after its folder was moved or another file took its name. To open it anew for each append
 * would cost a third of the server's time (docs/decisions/2026-11-23-jobs-file.md).
 */
export class JournalFile {
  readonly path: string
  readonly #disk: Disk
  /** The position behind the last change that the disk is known to have. */
  #end: JournalPoint = newJournal()
  /** How many bytes the disk is known to have. Bytes after them do not count. */
  #length = 0
  /** The inode of our file. Undefined when there is no file. */
  #inode: number | undefined
  #open: DiskFile | undefined
  /** Whether the name of our file is on disk. Until it is, a power failure could bring the former file back. */
  #isNameSynced = true
  /** Whether a failed append may have left bytes behind `#length`. */
  #hasRemains = false
  /** The size of the largest append that failed since the last probe that succeeded. */
  #failedBytes = PROBE_BYTES

  /** @param jobsPath of the `jobs.json` that the journal belongs to */
  constructor(jobsPath: string, disk: Disk) {
    this.path = `${jobsPath}.journal`
    this.#disk = disk
  }

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  /** The position behind the last change. */
  get end(): JournalPoint {
    return this.#end
  }

  /** @returns undefined when there is no journal */
  read(): AsyncIterable<Buffer> | undefined {
    return this.#disk.statNow(this.path) && this.#disk.stream(this.path)
  }

  /**
   * Writes a journal without changes in place of the file that is there. Without `end`, it is a new journal.
   * @param end the position behind which its changes will follow
   */
  async begin(end = newJournal()): Promise<void> {
    await this.#replace(end, end, [])
    await this.#syncName()
  }

  /** Resolves when the changes are on disk. If it rejects, none of them counts. */
  async append(changes: JobChanges, removedUsage: RemovedUsage): Promise<void> {
    await this.#append(changeLines(this.#end, changes, removedUsage), changes.size)
  }

  /** Notes that `jobs.json` is about to get all changes and name no journal. Resolves when the note is on disk. */
  async appendEnd(): Promise<void> {
    await this.#append([endLine(this.#end)], 1)
  }

  async #append(lines: readonly Uint8Array[], count: number): Promise<void> {
    this.#length = await this.#withCheckedFile(async (file) => {
      try {
        return await writeChunks(file, chunksOf(lines), this.#length)
      } catch (error) {
        const bytes = lines.reduce((sum, line) => sum + line.length, 0)
        this.#failedBytes = Math.max(this.#failedBytes, bytes)
        this.#hasRemains = true
        await this.#cut(file, this.#length).catch(() => {})
        await this.release()
        throw error
      }
    })
    this.#end = { id: this.#end.id, after: this.#end.after + count }
  }

  /** Writes as much as the largest append that failed, and removes it again. Rejects if the disk has no room for it. */
  async probe(): Promise<void> {
    await this.#withCheckedFile(async (file) => {
      this.#hasRemains = true
      try {
        // If the process is killed here, the next start leaves these bytes out.
        await writeChunks(file, [unfinishedLine(this.#failedBytes)], this.#length)
      } finally {
        await this.#cut(file, this.#length)
      }
    })
    this.#failedBytes = PROBE_BYTES
  }

  /**
   * Removes the changes before a position. Resolves when that is on disk; if it rejects, all or none of them are removed.
   * @param bytes the length that the journal had at this position
   */
  async dropUntil(position: JournalPoint, bytes: number): Promise<void> {
    await this.#withCheckedFile((file) => this.#replace(position, this.#end, slice(file, bytes, this.#length)))
    await this.#syncName()
  }

  /** Removes the file. Resolves when that is on disk. */
  async remove(): Promise<void> {
    await this.release()
    await this.#disk.remove(this.path)
    this.#inode = undefined
    this.#length = 0
    await this.#syncName()
  }

  /** Closes the file. The next append opens it again. */
  async release(): Promise<void> {
    const file = this.#open
    this.#open = undefined
    await file?.close()
  }

  /**
   * Calls `use` with the open file.
   * @throws JournalGoneError the path leads to another file, or to one that is too short
   */
  async #withCheckedFile<Result>(use: (file: DiskFile) => Promise<Result>): Promise<Result> {
    const status = this.#disk.statNow(this.path)
    if (!status || status.ino !== this.#inode || status.size < this.#length) {
      await this.release()
      throw new JournalGoneError(`${this.path} was ${status ? 'replaced or shortened' : 'moved or removed'}`)
    }
    if (!this.#isNameSynced) await this.#syncName()
    this.#open ??= await this.#disk.openDurable(this.path)
    if (this.#hasRemains || status.size > this.#length) await this.#cut(this.#open, this.#length)
    return await use(this.#open)
  }

  /** Replaces the file by a header and the changes that follow it. Before anything is appended, the name must be synced. */
  async #replace(
    start: JournalPoint,
    end: JournalPoint,
    changes: Iterable<Buffer> | AsyncIterable<Buffer>,
  ): Promise<void> {
    const { ino, size } = await replaceFile(this.#disk, this.path, withHeader(start, changes))
    this.#isNameSynced = false
    this.#end = end
    this.#inode = ino
    this.#length = size
    this.#hasRemains = false
    await this.release()
  }

  async #syncName(): Promise<void> {
    await this.#disk.syncFolder(dirname(this.path))
    this.#isNameSynced = true
  }

  async #cut(file: DiskFile, length: number): Promise<void> {
    await file.truncate(length)
    await file.datasync()
    this.#hasRemains = false
  }
}

async function* withHeader(
  start: JournalPoint,
  changes: Iterable<Buffer> | AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield headerLine(start)
  yield* changes
}

async function* slice(file: DiskFile, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) throw new JournalGoneError('the journal was shortened while it was read')
    yield chunk.subarray(0, bytesRead)
    position += bytesRead
  }
}
