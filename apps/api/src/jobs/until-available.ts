import { setTimeout as sleep } from 'node:timers/promises'
import { StorageUnavailableError } from './ports/job-repository.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000

interface UntilAvailableOptions {
  /** Stops waiting for the store; after that there is one last attempt. */
  signal: AbortSignal
  onFailure: (error: StorageUnavailableError, attempt: number) => void
}

/**
 * Asks the store again for as long as it cannot be used. A job's turn has come whether or not its record can be read; and
 * what has happened to a job happened, so its record has to say so before anybody else does.
 * @throws StorageUnavailableError the signal was aborted and the store still cannot be used
 */
export async function untilAvailable<Answer>(
  ask: () => Promise<Answer>,
  { signal, onFailure }: UntilAvailableOptions,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const isLast = signal.aborted
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof StorageUnavailableError) || isLast) throw error
      onFailure(error, attempt)
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS)
      await sleep(delayMs, undefined, { signal }).catch(() => {})
    }
  }
}
