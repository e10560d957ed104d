import { mkdir, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FileLock } from './file-lock.ts'
import { StoreOpenError } from './store-open-error.ts'

const MAX_LINKS = 40

/**
 * The real path of a store's file: symbolic links are followed, so that one file has one lock. Creates the folder.
 * @throws StoreOpenError the folder cannot be used
 */
export async function locateStoreFile(path: string): Promise<string> {
  return await locate(path).catch((cause) => {
    const advice = 'DATABASE_URL must name a file in a folder that this user can write.'
    throw new StoreOpenError(
      `The folder of the job store ${path} cannot be used: ${messageOf(cause)}. ${advice}`,
      cause,
    )
  })
}

/**
 * Locks a store's file for this process.
 * @throws StoreOpenError another process uses the file; the message names it
 */
export async function lockStoreFile(file: string): Promise<FileLock> {
  const lock = await FileLock.acquire(`${file}.lock`).catch((cause) => {
    throw new StoreOpenError(
      `The job store ${file} cannot be locked: ${messageOf(cause)}. Its folder must be writable.`,
      cause,
    )
  })
  if (lock instanceof FileLock) return lock
  throw new StoreOpenError(
    `The job store ${file} is in use by ${lock.heldBy}. Stop that server, or give this one another DATABASE_URL.`,
  )
}

/** The error for a store's file that cannot be opened. The message has the reason that the system gives. */
export function unusableStoreFile(file: string, cause: unknown): StoreOpenError {
  if (cause instanceof Error && 'code' in cause && cause.code === 'EBUSY') {
    return new StoreOpenError(
      `The job store ${file} cannot be replaced: ${messageOf(cause)}. It seems to be mounted as a single file. ` +
        'Mount its folder instead.',
      cause,
    )
  }
  const advice = 'DATABASE_URL must name a file that this user can write, on a disk with room.'
  return new StoreOpenError(`The job store ${file} cannot be read and written: ${messageOf(cause)}. ${advice}`, cause)
}

async function locate(path: string, hops = 0): Promise<string> {
  if (hops > MAX_LINKS) throw new Error(`more than ${MAX_LINKS} symbolic links lead to each other`)
  await mkdir(dirname(path), { recursive: true })
  const file = join(await realpath(dirname(path)), basename(path))
  try {
    // Not realpath: the link may lead to a file that does not exist yet.
    return await locate(resolve(dirname(file), await readlink(file)), hops + 1)
  } catch (error) {
    const isLink = !(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOENT'))
    if (isLink) throw error
    return file
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
