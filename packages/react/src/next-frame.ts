import { callEach } from './call-each.ts'

/** How long a change waits in a page that draws no frames, because it is hidden, in milliseconds. */
const HIDDEN_MS = 250

const waiting = new Set<() => void>()

/**
 * Calls back in the next frame of the page. All callbacks of a frame run together, so that changes of several jobs cost one
 * rendering and one layout. A hidden page draws no frames; there, and outside browsers, a timer calls back.
 * @returns cancels the callback
 */
export function onNextFrame(callback: () => void): () => void {
  if (waiting.size === 0) schedule()
  waiting.add(callback)
  return () => waiting.delete(callback)
}

function schedule(): void {
  const hasFrames = typeof requestAnimationFrame === 'function'
  const frame = hasFrames ? requestAnimationFrame(callAll) : 0
  const timer = setTimeout(callAll, hasFrames ? HIDDEN_MS : 0)
  function callAll(): void {
    if (hasFrames) cancelAnimationFrame(frame)
    clearTimeout(timer)
    const callbacks = [...waiting]
    waiting.clear()
    callEach(callbacks)
  }
}
