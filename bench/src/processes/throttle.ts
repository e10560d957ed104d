import { setTimeout } from 'node:timers/promises'

const PERIOD_MS = 25

/**
 * Stops processes for a part of the time, as if each had a slower core, while the work is done.
 * @param share of the time in which they run, 0 to 1
 */
export async function throttled<Result>(
  pids: readonly number[],
  share: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const pid of pids) process.kill(pid, name)
  }
  let isDone = false
  const throttle = async () => {
    while (!isDone) {
      await setTimeout(PERIOD_MS * share)
      signal('SIGSTOP')
      await setTimeout(PERIOD_MS * (1 - share))
      signal('SIGCONT')
    }
  }
  const throttling = throttle()
  try {
    return await work()
  } finally {
    isDone = true
    await throttling
  }
}
