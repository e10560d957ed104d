import { useCallback, useSyncExternalStore } from 'react'
import type { FramedStore } from './framed-store.ts'

const nothing = () => {}

/** What a store shows now: a `FollowedJob` or a `Conversation`. Undefined without a store. */
export function useStore<View extends object>(store: FramedStore<View>): View
export function useStore<View extends object>(store: FramedStore<View> | undefined): View | undefined
export function useStore<View extends object>(store: FramedStore<View> | undefined): View | undefined {
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? nothing, [store])
  const view = () => store?.view()
  return useSyncExternalStore(subscribe, view, view)
}
