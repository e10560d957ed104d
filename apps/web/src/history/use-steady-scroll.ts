import { type RefObject, useCallback, useLayoutEffect, useRef } from 'react'
import { rowsInView } from './rows-in-view.ts'

interface Kept {
  readonly row: Element
  /** Where the row began below the top of the list, in CSS pixels. */
  readonly offset: number
}

/**
 * Keeps the rows in view where they are while rows come and go above them. The browser's own way does not work in all browsers, and
 * follows a row that moves to the top, as that of a conversation does which goes on.
 * @param rows another value means that rows may have moved
 * @returns to be called after each scrolling
 */
export function useSteadyScroll(list: RefObject<HTMLElement | null>, rows: unknown): () => void {
  const kept = useRef<readonly Kept[]>([])
  const keep = useCallback(() => {
    const element = list.current
    if (!element) return
    const top = element.getBoundingClientRect().top
    // At its top, the list shows what is new.
    kept.current =
      element.scrollTop === 0
        ? []
        : rowsInView(element).map((row) => ({ row, offset: row.getBoundingClientRect().top - top }))
  }, [list])
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows may stand elsewhere
  useLayoutEffect(() => {
    if (!list.current || kept.current.length === 0) return
    const top = list.current.getBoundingClientRect().top
    const moves = kept.current
      .filter(({ row }) => row.isConnected)
      .map(({ row, offset }) => row.getBoundingClientRect().top - top - offset)
      .sort((one, other) => one - other)
    // One of them may have moved on its own; most have not.
    const move = moves[moves.length >> 1]
    if (move) list.current.scrollTop += move
    keep()
  }, [list, rows, keep])
  return keep
}
