import type { PromptLabClient } from '@promptlab/client'
import { useCallback, useState } from 'react'
import type { FramedStore } from './framed-store.ts'

/**
 * The store that a component shows. Another id, or none after one, shows another store from the same rendering on; the id that the
 * store got itself, when its job was created, keeps it.
 * @param make makes the store of the id; React may call it more than once
 * @returns the store, and what shows another one
 */
export function useShown<Store extends FramedStore<{ readonly id: string | undefined }> | undefined>(
  client: PromptLabClient,
  id: string | undefined,
  make: () => Store,
): readonly [Store, (store: Store) => void] {
  const [state, setState] = useState(() => ({ client, id, store: make() }))
  let shown = state
  if (state.client !== client || state.id !== id) {
    const isSame = state.client === client && id !== undefined && state.store?.view().id === id
    shown = { client, id, store: isSame ? state.store : make() }
    // While it renders, a component may only set its own state. React then renders it again, before its children.
    setState(shown)
  }
  const show = useCallback((store: Store) => setState((before) => ({ ...before, store })), [])
  return [shown.store, show]
}
