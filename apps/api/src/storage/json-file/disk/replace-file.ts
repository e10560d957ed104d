import { basename, dirname, join } from 'node:path'
import { type Disk, usingFile, writeChunks } from './disk.ts'

/** Bytes that may wait for the disk. More would make the flushes of others, such as a commit's, wait behind them. */
const UNSYNCED_BYTES = 8 * 1024 * 1024

/**
 * Replaces a file as a whole, by one that the disk has already: a crash leaves the old or the new one.
 * Which of the two is certain when the folder is synced.
 */
export async function replaceFile(
  disk: Disk,
  path: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`)
  try {
    await usingFile(disk, temporary, 'w', async (file) => {
      await writeChunks(
        file,
        syncing(chunks, () => file.datasync()),
        0,
      )
      await file.datasync()
    })
    await disk.rename(temporary, path)
  } catch (error) {
    // On a full disk the half-written file would hold the space that the next attempt needs. The first error tells more.
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
