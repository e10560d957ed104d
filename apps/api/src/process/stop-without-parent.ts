/** How often the parent is looked for, in milliseconds. */
const INTERVAL_MS = 500

/**
 * Sends this process SIGTERM when the process that started it has ended. For a server that npx started: npx does not pass a
 * SIGTERM on, and would leave the server behind.
 */
export function stopWithoutParent(
  parentId = () => process.ppid,
  stop = () => void process.kill(process.pid, 'SIGTERM'),
): void {
  const parent = parentId()
  const timer = setInterval(() => {
    if (parentId() === parent) return
    clearInterval(timer)
    stop()
  }, INTERVAL_MS)
  timer.unref()
}
