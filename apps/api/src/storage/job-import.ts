import type { StoredJob } from '../jobs/job.ts'
import type { IdempotencyKey, Item } from '../jobs/ports/stored-values.ts'
import type { UsageEntry } from '../jobs/usage/usage-entry.ts'
import { ImportError } from './import-error.ts'

/** A job with everything that a store keeps of it. */
export interface ImportedJob {
  readonly job: StoredJob
  readonly idempotency?: IdempotencyKey | undefined
}

/** The store that jobs are imported from. It is not changed, and no other process uses it during the import. */
export interface JobSource {
  /**
   * Counts the jobs. This reads all of them, so a fault is found before the target is changed.
   * @throws StoreOpenError the store is damaged
   */
  count(): Promise<number>
  /** All items, one after the other. */
  items(): AsyncIterable<Item>
  /** All jobs, each of them once. */
  pages(): AsyncIterable<readonly ImportedJob[]>
  /** The ledger: what the ended jobs used and cost, also those that were removed. */
  usage(): Promise<readonly UsageEntry[]>
  /**
   * The job, or `undefined` if there is none with this id.
   * @throws StoreOpenError the store is damaged
   */
  find(id: string): Promise<StoredJob | undefined>
  /** The bytes of an item; undefined if there is none with this id. */
  findItem(id: string): Promise<Uint8Array | undefined>
  close(): Promise<void>
}

/** The store that jobs are imported into. No other process uses it during the import. */
export interface JobTarget {
  /**
   * Stores that an import from this source has begun. An unfinished import from the same source is continued.
   * @throws ImportError the target has other jobs
   */
  begin(source: string): Promise<void>
  /** Stores items. Resolves when they are on disk. */
  addItems(items: readonly Item[]): Promise<void>
  /** Stores jobs. Jobs that are there already are replaced. Resolves when they are on disk. */
  add(jobs: readonly ImportedJob[]): Promise<void>
  /** Replaces the ledger. Resolves when it is on disk. */
  setUsage(entries: readonly UsageEntry[]): Promise<void>
  count(): Promise<number>
  /** Stores that the import has ended. From now on a server can use the store. */
  finish(source: string): Promise<void>
  close(): Promise<void>
}

/** Items that are in memory at once take about this many bytes, or one of them takes more. */
const BATCH = { bytes: 8 * 1024 * 1024, items: 500 }

interface ImportOptions {
  /** The address of the source without its password. It names the source in messages and in the target. */
  readonly sourceName: string
  readonly targetName: string
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Copies all jobs of one store and its ledger into an empty one, after the items that the jobs refer to. An import that was
 * interrupted can be repeated: it replaces the jobs that are there already.
 * @returns the number of jobs
 * @throws ImportError
 */
export async function importJobs(
  source: JobSource,
  target: JobTarget,
  { sourceName, targetName, onProgress }: ImportOptions,
): Promise<number> {
  const total = await source.count()
  await target.begin(sourceName)
  let done = 0
  onProgress(done, total)
  for await (const batch of batchesOf(source.items())) await target.addItems(batch)
  for await (const page of source.pages()) {
    await target.add(page)
    done += page.length
    onProgress(done, total)
  }
  await target.setUsage(await source.usage())
  const stored = await target.count()
  if (stored !== total) {
    throw new ImportError(
      `${sourceName} has ${total} jobs and ${targetName} now has ${stored}. ` +
        'Jobs were removed or added between two attempts: empty the target and import again.',
    )
  }
  await target.finish(sourceName)
  return total
}

async function* batchesOf(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = []
  let bytes = 0
  for await (const item of items) {
    batch.push(item)
    bytes += item.bytes.length
    if (batch.length < BATCH.items && bytes < BATCH.bytes) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}
