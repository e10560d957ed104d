import { AsyncLocalStorage } from 'node:async_hooks'

/** Whoever is woken is none of the runs whose tokens wake them: an error of theirs must not end a job. */
const outsideAnyRun = AsyncLocalStorage.snapshot()

let due: (() => void)[] = []

/**
 * Calls back when everything that has come from the network by now has been taken in, with all others that are due then. What
 * belongs together so leaves together; and the writes to many sockets follow each other, with no reads in between, so that the
 * process at their other ends is woken once and not for each. A lone token waits for nothing but the end of the turn.
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
    // One that throws keeps nobody else asleep.
    for (const wake of waking.slice(woken)) wakeAfterReads(wake)
  }
}
