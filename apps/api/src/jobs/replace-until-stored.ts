import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, JobStatus } from '@promptlab/contract'
import { type JobRepository, StorageUnavailableError } from './job-repository.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000

interface ReplaceUntilStoredOptions {
  /** Stops waiting for the disk; after that there is one last attempt. */
  signal: AbortSignal
  onFailure: (error: StorageUnavailableError, attempt: number) => void
}

/**
 * `JobRepository.replace`, repeated for as long as the store cannot be written: what has happened to a job happened, and its
 * record has to say so before anybody else does.
 * @throws StorageUnavailableError the signal was aborted and the store still cannot be written
 */
export async function replaceUntilStored(
  jobs: JobRepository,
  next: Job,
  ifStatus: JobStatus,
  { signal, onFailure }: ReplaceUntilStoredOptions,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const isLast = signal.aborted
    try {
      return await jobs.replace(next, ifStatus)
    } catch (error) {
      if (!(error instanceof StorageUnavailableError) || isLast) throw error
      onFailure(error, attempt)
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS)
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
  }
}
