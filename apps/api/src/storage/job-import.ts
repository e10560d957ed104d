import type { StoredJob } from '../jobs/job.ts'
import type { IdempotencyKey } from '../jobs/ports/job-repository.ts'
import { ImportError } from './import-error.ts'

/** A job with everything that a store knows of it. */
export interface ImportedJob {
  readonly job: StoredJob
  readonly idempotency?: IdempotencyKey | undefined
}

/** A store whose jobs are read, and which is left as it is. Nobody else uses it meanwhile. */
export interface JobSource {
  /**
   * How many jobs there are. Reads all of them, so that a fault is found before anything is stored elsewhere.
   * @throws DamagedFileError
   */
  count(): Promise<number>
  /** Each job once. */
  pages(): AsyncIterable<readonly ImportedJob[]>
  close(): Promise<void>
}

/** A store that takes the jobs of another one, and nobody else uses meanwhile. */
export interface JobTarget {
  /**
   * Notes which store is imported, also across crashes, or goes on with an import of the same store that was cut off.
   * @throws ImportError it holds other jobs
   */
  begin(source: string): Promise<void>
  /** Stores jobs, or stores them again. Returns when they are on disk. */
  add(jobs: readonly ImportedJob[]): Promise<void>
  count(): Promise<number>
  /** From now on it is a store like any other. */
  finish(source: string): Promise<void>
  close(): Promise<void>
}

interface ImportOptions {
  /** What names the source, without a password. */
  readonly sourceName: string
  readonly targetName: string
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Copies every job of one store into another that is empty. When it is cut off, the same import goes on: what is stored
 * already is stored again, and nothing twice.
 * @returns how many there are
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
  for await (const page of source.pages()) {
    await target.add(page)
    done += page.length
    onProgress(done, total)
  }
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
