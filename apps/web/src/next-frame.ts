const waiting = new Set<() => void>()

/**
 * Calls back in the next frame of the page. All that wait for it are called at once, so that what changed in several places is
 * rendered once and laid out once.
 * @returns takes the call back
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
