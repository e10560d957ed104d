import { setTimeout as sleep } from 'node:timers/promises'
import { StorageUnavailableError } from './ports/storage-errors.ts'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000

interface UntilAvailableOptions {
  /** Ends the wait for the store; one last attempt follows. */
  signal: AbortSignal
  onFailure: (error: StorageUnavailableError, attempt: number) => void
}

/**
 * Repeats a request to the store while the store is away. A job whose turn has come waits for its record, and the end of a
 * job waits until it is stored, because nothing may be published before that.
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
