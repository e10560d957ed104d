import { type RefObject, useEffect } from 'react'
import type { GridRun } from './grid-run.ts'

/** Tells the grid which rows are on the screen, or nearly. */
export function useSeenRows(body: RefObject<HTMLTableSectionElement | null>, count: number, run: GridRun): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows are observed when their number changes
  useEffect(() => {
    const seen = new Set<number>()
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const row = target instanceof HTMLElement ? Number(target.dataset['row']) : Number.NaN
          if (isIntersecting) seen.add(row)
          else seen.delete(row)
        }
        run.see(new Set(seen))
      },
      { rootMargin: '200px' },
    )
    for (const row of body.current?.children ?? []) observer.observe(row)
    return () => observer.disconnect()
  }, [body, count, run])
}
