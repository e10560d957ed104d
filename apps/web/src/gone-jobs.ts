type Listener = (ids: readonly string[]) => void

const listeners = new Set<Listener>()
/** Tells the other tabs of this browser. The feed of the server tells no deletions. */
const tabs = new BroadcastChannel('promptlab.gone-jobs')
tabs.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (Array.isArray(data)) tellGone(data.filter((id) => typeof id === 'string'))
})

/** Says that this page found jobs to be gone. Other tabs may have another API key, with which these jobs can be read. */
export function tellGone(ids: readonly string[]): void {
  for (const listener of listeners) listener(ids)
}

/** Says that jobs were deleted, to all tabs of this browser. */
export function tellDeleted(ids: readonly string[]): void {
  tellGone(ids)
  tabs.postMessage(ids)
}

/**
 * Calls the listener when jobs are found to be gone, or were deleted in any tab.
 * @returns removes the listener
 */
export function onGone(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
