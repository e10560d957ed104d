import { constants, statSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'

/** The file operations that the store is made of. A port, so that a test can end the world between any two of them. */
export interface Disk {
  /** A file that is made by this is its owner's alone: prompts and answers are private. */
  open(path: string, flags: 'r+' | 'w'): Promise<DiskFile>
  /** Opens a file for reading and writing, each write of which returns when the disk has it. */
  openDurable(path: string): Promise<DiskFile>
  /** @returns undefined when there is no such file */
  read(path: string): Promise<Buffer | undefined>
  /**
   * What is at the path now, or undefined. It does not wait: a look at a name takes microseconds, and each operation that
   * is waited for costs ten times as much.
   */
  statNow(path: string): FileStatus | undefined
  rename(from: string, to: string): Promise<void>
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>
  /** Returns when the disk has the names of the folder: what was made, renamed and removed in it. */
  syncFolder(path: string): Promise<void>
}

export interface FileStatus {
  readonly ino: number
  readonly size: number
}

export interface DiskFile {
  /** May write less than it is given. */
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  read(bytes: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  truncate(length: number): Promise<void>
  stat(): Promise<FileStatus>
  /** Returns when the disk has the content and the length. */
  datasync(): Promise<void>
  close(): Promise<void>
}

export const nodeDisk: Disk = {
  open: (path, flags) => open(path, flags, 0o600),
  async openDurable(path) {
    // One operation for a write and its flush, where the system has that; elsewhere two.
    if (process.platform === 'linux') return await open(path, constants.O_RDWR | constants.O_DSYNC)
    const file = await open(path, 'r+')
    return {
      read: (...args) => file.read(...args),
      truncate: (length) => file.truncate(length),
      stat: () => file.stat(),
      datasync: () => file.datasync(),
      close: () => file.close(),
      write: async (...args) => {
        const written = await file.write(...args)
        await file.datasync()
        return written
      },
    }
  },

  statNow: (path) => statSync(path, { throwIfNoEntry: false }),
  rename,
  remove: (path) => rm(path, { force: true }),

  async read(path) {
    try {
      return await readFile(path)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },

  async syncFolder(path) {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

/** Whether an operation failed because there is no such file or folder. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Opens a file, lends it, and closes it whatever happens. */
export async function usingFile<Result>(
  disk: Disk,
  path: string,
  flags: 'r+' | 'w',
  use: (file: DiskFile) => Promise<Result>,
): Promise<Result> {
  const file = await disk.open(path, flags)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/**
 * Writes all chunks from a position on, one after the other; between any two, other work gets its turn.
 * @returns the position after the last
 */
export async function writeChunks(
  file: DiskFile,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  start: number,
): Promise<number> {
  let position = start
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position)
      done += bytesWritten
      position += bytesWritten
    }
  }
  return position
}

const CHUNK_BYTES = 256 * 1024

/**
 * The pieces in chunks that are put together when they are asked for, which takes a fraction of a millisecond each.
 * A chunk is good until the next one is asked for: a new buffer for each would keep the garbage collector busy.
 */
export function* chunksOf(pieces: Iterable<Uint8Array>): Generator<Buffer> {
  let chunk = Buffer.alloc(0)
  let length = 0
  for (const piece of pieces) {
    if (length > 0 && length + piece.length > CHUNK_BYTES) {
      yield chunk.subarray(0, length)
      length = 0
    }
    if (length + piece.length > chunk.length) {
      // Few bytes, as most commits have them, get a small buffer.
      const larger = Buffer.allocUnsafe(Math.max(length + piece.length, Math.min(CHUNK_BYTES, chunk.length * 4)))
      chunk.copy(larger, 0, 0, length)
      chunk = larger
    }
    chunk.set(piece, length)
    length += piece.length
  }
  if (length > 0) yield chunk.subarray(0, length)
}
