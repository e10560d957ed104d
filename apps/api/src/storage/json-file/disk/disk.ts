import { constants, createReadStream, statSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'

/** The file operations of the store. An interface, so that a test can simulate a crash between any two operations. */
export interface Disk {
  /** Creates files that only their owner can read and write (mode 600), because prompts and answers are private. */
  open(path: string, flags: 'r+' | 'w'): Promise<DiskFile>
  /** Opens a file for reading and writing. Each write resolves when its bytes are on disk. */
  openDurable(path: string): Promise<DiskFile>
  /** @returns undefined when there is no such file */
  read(path: string): Promise<Buffer | undefined>
  /** The content of a file that exists, in chunks of up to 1 MB. A chunk is valid until the next one is taken. */
  stream(path: string): AsyncIterable<Buffer>
  /**
   * The file at a path, or undefined when there is none. This call is synchronous because it takes microseconds, and an
   * asynchronous one costs ten times as much.
   */
  statNow(path: string): FileStatus | undefined
  rename(from: string, to: string): Promise<void>
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>
  /** Resolves when the names in a folder are on disk: files that were created, renamed or removed there. */
  syncFolder(path: string): Promise<void>
}

export interface FileStatus {
  readonly ino: number
  readonly size: number
  /** When the content was changed last, in milliseconds since the epoch. */
  readonly mtimeMs: number
}

export interface DiskFile {
  /** May write fewer bytes than `length`. */
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  read(bytes: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  truncate(length: number): Promise<void>
  stat(): Promise<FileStatus>
  /** Resolves when the content and the length are on disk. */
  datasync(): Promise<void>
  close(): Promise<void>
}

const STREAM_BYTES = 1024 * 1024

/** The disk of this machine. */
export const nodeDisk: Disk = {
  open: (path, flags) => open(path, flags, 0o600),
  async openDurable(path) {
    // On Linux, O_DSYNC makes a write and its flush one operation. Elsewhere they are two.
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

  stream: (path) => createReadStream(path, { highWaterMark: STREAM_BYTES }),
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
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Calls `use` with an open file and closes the file in any case. */
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
 * Writes the chunks one after the other, beginning at a position. The event loop runs between any two.
 * @returns the position after the last chunk
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
 * Joins pieces into chunks of up to 256 KB, each within a fraction of a millisecond. All chunks share one buffer, which saves
 * work for the garbage collector: a chunk is valid only until the next one is taken.
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
      // The buffer grows with the chunk, because most commits are small.
      const larger = Buffer.allocUnsafe(Math.max(length + piece.length, Math.min(CHUNK_BYTES, chunk.length * 4)))
      chunk.copy(larger, 0, 0, length)
      chunk = larger
    }
    chunk.set(piece, length)
    length += piece.length
  }
  if (length > 0) yield chunk.subarray(0, length)
}
