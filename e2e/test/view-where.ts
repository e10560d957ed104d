import type { FramedStore } from '@promptlab/react'

/** The first view of a store, from now on, for which the condition holds. */
export function viewWhere<View extends object>(
  store: FramedStore<View>,
  holds: (view: View) => boolean,
): Promise<View> {
  return new Promise((resolve) => {
    let unsubscribe = () => {}
    const look = () => {
      if (!holds(store.view())) return
      unsubscribe()
      resolve(store.view())
    }
    unsubscribe = store.subscribe(look)
    look()
  })
}
