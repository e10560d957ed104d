import { AsyncLocalStorage } from 'node:async_hooks'

/** Readers run outside the async context of the job that woke them, so an error in a reader never fails that job. */
const outsideAnyRun = AsyncLocalStorage.snapshot()

let due: (() => void)[] = []

/**
 * Calls `wake` when the event loop has read everything that has arrived from the network, together with all other calls that
 * are due. So tokens that arrived together are sent together. The writes to many sockets follow each other, and only the
 * first one has to wake the process at the other end: 8 µs a write instead of 13 (docs/decisions/2026-11-25-cost-of-a-job.md).
 * A lone token waits only for the end of the turn of the event loop.
 */
export function wakeAfterReads(wake: () => void): void {
  if (due.length === 0) setImmediate(outsideAnyRun, wakeAll)
  due.push(wake)
}

function wakeAll(): void {
  const waking = due
  due = []
  let woken = 0
  try {
    for (const wake of waking) {
      woken++
      wake()
    }
  } finally {
    // If one throws, the others are woken in the next turn.
    for (const wake of waking.slice(woken)) wakeAfterReads(wake)
  }
}
