import { useEffect, useRef } from 'react'

/**
 * Tells the id of a job that this page has created, once.
 * @param shown the id of what is shown
 * @param asked the id that the component asked to be shown, which it knows
 */
export function useTellId(
  shown: string | undefined,
  asked: string | undefined,
  tell: ((id: string) => void) | undefined,
): void {
  const latest = useRef(tell)
  useEffect(() => {
    latest.current = tell
  })
  const known = useRef(asked)
  useEffect(() => {
    if (asked !== undefined) known.current = asked
    if (shown === undefined || shown === asked || shown === known.current) return
    known.current = shown
    latest.current?.(shown)
  }, [shown, asked])
}
