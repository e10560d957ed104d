import type { FileLock } from '../file-lock.ts'
import { locateStoreFile, lockStoreFile, unusableStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { damagedStore } from './damaged-store.ts'
import { nodeDisk } from './disk/disk.ts'
import { ItemFolder } from './disk/item-folder.ts'
import { JournaledStore, type StoreOptions } from './disk/journaled-store.ts'
import { DamagedFileError } from './memory/job-entry.ts'
import { storeBound } from './memory/store-bound.ts'
import { refuseTooLarge } from './refuse-too-large.ts'

export interface RepositoryOptions extends StoreOptions {
  /** The most bytes of jobs that are kept, beyond which new ones are refused. Default: see `storeBound`. */
  readonly maxBytes?: number
}

/** The files of a store, which this process holds. */
export interface OpenStore {
  /** The path of `jobs.json`. */
  readonly file: string
  readonly lock: FileLock
  readonly store: JournaledStore
  readonly items: ItemFolder
  readonly maxBytes: number
}

const MISSING_ITEMS =
  'content of messages is missing beside the job store: restore the folder jobs.json.items of the same backup'

/**
 * Opens the files of a store. They and their folder are created if they do not exist.
 * @throws StoreOpenError a file is damaged, cannot be written, or is in use
 */
export async function openStore(path: string, options: RepositoryOptions): Promise<OpenStore> {
  const file = await locateStoreFile(path)
  const lock = await lockStoreFile(file)
  try {
    const maxBytes = options.maxBytes ?? storeBound()
    await refuseTooLarge(file, maxBytes)
    const items = await ItemFolder.open(file, options.disk ?? nodeDisk)
    const store = await JournaledStore.open(file, options)
    const { count: jobs, bytes, usedItems } = store.jobs
    const missingItems = await items.countMissing(usedItems)
    options.logger?.info({ file, jobs, bytes, maxBytes }, 'opened the job store')
    if (missingItems > 0) options.logger?.warn({ file, missingItems }, MISSING_ITEMS)
    return { file, lock, store, items, maxBytes }
  } catch (error) {
    await lock.release()
    if (error instanceof DamagedFileError) throw damagedStore(file, error)
    if (error instanceof StoreOpenError) throw error
    throw unusableStoreFile(file, error)
  }
}
