import { useCallback, useSyncExternalStore } from 'react'
import { isOver } from './pane-view.ts'
import type { ShownJob } from './use-shown-jobs.ts'

/** Whether at least one of the jobs has not ended. */
export function useAnyRunning(shown: readonly ShownJob[]): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const leave = shown.map(({ followed }) => followed.subscribe(listener))
      return () => leave.forEach((each) => void each())
    },
    [shown],
  )
  return useSyncExternalStore(subscribe, () => shown.some(({ followed }) => !isOver(followed.view())))
}
