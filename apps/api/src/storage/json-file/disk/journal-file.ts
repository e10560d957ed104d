import { dirname } from 'node:path'
import { chunksOf, type Disk, type DiskFile, usingFile, writeChunks } from './disk.ts'
import { replaceFile } from './replace-file.ts'

/** The journal is not where it was, or not what it was: somebody moved, replaced or shortened it. */
export class JournalGoneError extends Error {
  override readonly name = 'JournalGoneError'
}

const READ_BYTES = 256 * 1024
const PROBE_BYTES = 4096

/**
 * A file that grows by what is appended, for one caller at a time. It stays open between appends; before each of them its
 * path is looked at, as an open file would go on taking writes after its folder was moved away or another file was put in
 * its place.
 */
export class JournalFile {
  readonly path: string
  readonly #disk: Disk
  /** What the disk is known to have. Nothing beyond it counts. */
  #length = 0
  /** The file that the length is about; undefined while there is none that can be relied on. */
  #inode: number | undefined
  #open: DiskFile | undefined
  /** Whether an append failed and what it left could not be cut off. */
  #hasRemains = false
  /** How much could not be appended. */
  #bytesOfFailure = PROBE_BYTES

  constructor(path: string, disk: Disk) {
    this.path = path
    this.#disk = disk
  }

  get length(): number {
    return this.#length
  }

  /** @returns undefined when there is no journal */
  read(): Promise<Buffer | undefined> {
    return this.#disk.read(this.path)
  }

  /** Makes an empty journal, in place of what is there. */
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

  /** Returns when the disk has the lines; if it throws, none of them is there. */
  async append(lines: readonly Uint8Array[]): Promise<void> {
    this.#length = await this.#usingOurs(async (file) => {
      try {
        return await writeChunks(file, chunksOf(lines), this.#length)
      } catch (error) {
        const bytes = lines.reduce((sum, line) => sum + line.length, 0)
        this.#bytesOfFailure = Math.max(this.#bytesOfFailure, bytes)
        this.#hasRemains = true
        await this.#cut(file, this.#length).catch(() => {})
        await this.release()
        throw error
      }
    })
  }

  /** Returns if there is room for what could not be appended the last time. */
  async probe(): Promise<void> {
    await this.#usingOurs(async (file) => {
      // Without an end of line: should the process die here, this is an append that a crash cut off.
      const filler = Buffer.alloc(this.#bytesOfFailure, ' ')
      this.#hasRemains = true
      try {
        await writeChunks(file, [filler], this.#length)
      } finally {
        await this.#cut(file, this.#length)
      }
    })
    this.#bytesOfFailure = PROBE_BYTES
  }

  /** Removes what comes before a position, at once and for good, or not at all. */
  async dropUntil(position: number): Promise<void> {
    if (position === this.#length) {
      // Nothing is left, so whatever is there may go.
      await this.create()
      return
    }
    await this.#usingOurs((file) => replaceFile(this.#disk, this.path, slice(file, position, this.#length)))
    // Before the folder is synced, a crash could bring the old file back, without what is appended to this one.
    await this.release()
    this.#inode = undefined
    this.#length -= position
    await this.#disk.syncFolder(dirname(this.path))
    this.#inode = await usingFile(this.#disk, this.path, 'r+', async (file) => (await file.stat()).ino)
  }

  /** Removes it for good. */
  async remove(): Promise<void> {
    await this.release()
    await this.#disk.remove(this.path)
    await this.#disk.syncFolder(dirname(this.path))
    this.#inode = undefined
    this.#length = 0
  }

  /** Closes the file; the next append opens it again. */
  async release(): Promise<void> {
    const file = this.#open
    this.#open = undefined
    await file?.close()
  }

  /** Lends the file if it is the one that was written last and has all that was. */
  async #usingOurs<Result>(use: (file: DiskFile) => Promise<Result>): Promise<Result> {
    const status = this.#disk.statNow(this.path)
    if (!status || status.ino !== this.#inode || status.size < this.#length) {
      await this.release()
      throw new JournalGoneError(`${this.path} is ${status ? 'not as it was left' : 'gone'}`)
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
