import { basename, dirname, join } from 'node:path'
import { type Disk, type FileStatus, usingFile, writeChunks } from './disk.ts'

/**
 * The new file is flushed whenever this many bytes were written. More unflushed bytes would delay the flush of a commit,
 * which waits behind them.
 */
const UNSYNCED_BYTES = 8 * 1024 * 1024

/**
 * Replaces a whole file: writes the new one under another name, flushes it, and renames it. A crash leaves the old file or
 * the new one. It leaves the new one for certain once the folder is flushed, which is left to the caller.
 * @returns the new file
 */
export async function replaceFile(
  disk: Disk,
  path: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<FileStatus> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`)
  try {
    const written = await usingFile(disk, temporary, 'w', async (file) => {
      await writeChunks(
        file,
        syncing(chunks, () => file.datasync()),
        0,
      )
      await file.datasync()
      return await file.stat()
    })
    await disk.rename(temporary, path)
    return written
  } catch (error) {
    // On a full disk, the half-written file would take the space that the next attempt needs. The first error is the cause.
    await disk.remove(temporary).catch(() => {})
    throw error
  }
}

async function* syncing(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  sync: () => Promise<void>,
): AsyncGenerator<Buffer> {
  let unsynced = 0
  for await (const chunk of chunks) {
    yield chunk
    unsynced += chunk.length
    if (unsynced < UNSYNCED_BYTES) continue
    await sync()
    unsynced = 0
  }
}
