import { useStore } from '@promptlab/react'
import { useEffect, useRef } from 'react'
import { go, hashOf } from '../route.ts'
import type { Panes } from './panes.ts'

/**
 * Keeps the panes and the address the same.
 * @param ids the jobs in the address
 * @param onCreated called when all panes have their newest job
 */
export function useAddress(ids: readonly string[], panes: Panes, onCreated: () => void): void {
  const { ids: shown, panes: all } = useStore(panes)
  const created = useRef(onCreated)
  created.current = onCreated
  const address = ids.join()
  const wasEmpty = useRef(true)
  const written = useRef(shown)
  useEffect(() => panes.open(address === '' ? [] : address.split(',')), [panes, address])
  useEffect(() => {
    // What was shown when this page was left is not what its address asks for now.
    if (shown === written.current) return
    written.current = shown
    // Before the address is opened there is nothing to write into it.
    const isEmpty = all.length === 0
    if (shown === undefined || (isEmpty && wasEmpty.current)) return
    // Everything was refused.
    if (shown.length === 0 && !isEmpty) return
    wasEmpty.current = isEmpty
    // One entry in the history of the browser for all jobs that are asked together.
    go(hashOf(shown))
    created.current()
  }, [shown, all])
}
