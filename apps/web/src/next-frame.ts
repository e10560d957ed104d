const waiting = new Set<() => void>()

/**
 * Calls back in the next frame of the page. All callbacks of a frame run together, so that changes in several panes cost one
 * rendering and one layout.
 * @returns cancels the callback
 */
export function onNextFrame(callback: () => void): () => void {
  if (waiting.size === 0) requestAnimationFrame(callAll)
  waiting.add(callback)
  return () => waiting.delete(callback)
}

function callAll(): void {
  const callbacks = [...waiting]
  waiting.clear()
  for (const callback of callbacks) callback()
}
