import { setTimeout } from 'node:timers/promises'

const PERIOD_MS = 50

/**
 * Stops processes for a part of the time, as if each had a slower core, while the work is done. They run one after the other:
 * at the same time they would take cores from each other, and from the databases that they wait for.
 * @param share of the time in which each runs, at most 1 divided by the number of processes
 */
export async function throttled<Result>(
  pids: readonly number[],
  share: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const runMs = PERIOD_MS * share
  let isDone = false
  const throttle = async () => {
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    // Times of a clock, and not delays one after the other: a timer that is late makes the next turn shorter.
    for (let startMs = performance.now(); !isDone; startMs += PERIOD_MS) {
      for (const [index, pid] of pids.entries()) {
        await until(startMs + index * runMs)
        process.kill(pid, 'SIGCONT')
        await until(startMs + (index + 1) * runMs)
        process.kill(pid, 'SIGSTOP')
      }
      await until(startMs + PERIOD_MS)
    }
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
  const throttling = throttle()
  try {
    return await work()
  } finally {
    isDone = true
    await throttling
  }
}

async function until(timeMs: number): Promise<void> {
  const leftMs = timeMs - performance.now()
  if (leftMs > 0) await setTimeout(leftMs)
}
