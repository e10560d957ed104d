import { dirname } from 'node:path'
import { chunksOf, type Disk, type DiskFile, usingFile, writeChunks } from './disk.ts'
import { unfinishedLine } from './journal-lines.ts'
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
  /** How many bytes the disk is known to have. Bytes after them do not count. */
  #length = 0
  /** The inode of our file. Undefined when there is no file, or when it is not known which one the name leads to. */
  #inode: number | undefined
  #open: DiskFile | undefined
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

  /** @returns undefined when there is no journal */
  read(): Promise<Buffer | undefined> {
    return this.#disk.read(this.path)
  }

  /** Creates an empty journal. A journal that exists is emptied. */
  async create(): Promise<void> {
    await this.release()
    this.#inode = undefined
    const inode = await usingFile(this.#disk, this.path, 'w', async (file) => {
      await file.datasync()
      return (await file.stat()).ino
    })
    await this.#disk.syncFolder(dirname(this.path))
    this.#length = 0
    this.#hasRemains = false
    this.#inode = inode
  }

  /** Resolves when the lines are on disk. If it rejects, none of them counts. */
  async append(lines: readonly Uint8Array[]): Promise<void> {
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

  /** Removes the bytes before a position. Resolves when that is on disk; if it rejects, all or none of them are removed. */
  async dropUntil(position: number): Promise<void> {
    if (position === this.#length) {
      // Nothing is kept, so an empty journal is enough.
      await this.create()
      return
    }
    await this.#withCheckedFile((file) => replaceFile(this.#disk, this.path, slice(file, position, this.#length)))
    // Until the folder is flushed, nothing is appended to the new file: a power failure could bring the old file back.
    await this.release()
    this.#inode = undefined
    this.#length -= position
    await this.#disk.syncFolder(dirname(this.path))
    this.#inode = await usingFile(this.#disk, this.path, 'r+', async (file) => (await file.stat()).ino)
  }

  /** Removes the file. Resolves when that is on disk. */
  async remove(): Promise<void> {
    await this.release()
    await this.#disk.remove(this.path)
    await this.#disk.syncFolder(dirname(this.path))
    this.#inode = undefined
    this.#length = 0
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
    this.#open ??= await this.#disk.openDurable(this.path)
    if (this.#hasRemains || status.size > this.#length) await this.#cut(this.#open, this.#length)
    return await use(this.#open)
  }

  async #cut(file: DiskFile, length: number): Promise<void> {
    await file.truncate(length)
    await file.datasync()
    this.#hasRemains = false
  }
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
