import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import type { JobGroup } from './job-groups.ts'
import type { JobPosition } from './job-history.ts'
import { isNewer } from './job-rows.ts'
import { rowsInView } from './rows-in-view.ts'

/** The first row that was in view. */
export interface HistoryPlace extends JobPosition {
  /** How far the row began below the top of the list, in CSS pixels. */
  readonly offset: number
}

const KEY = 'promptlab.history-place'

/** The place at which the history of this tab was left; undefined if that was its top. */
export function readPlace(): HistoryPlace | undefined {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    return isPlace(stored) ? stored : undefined
  } catch {
    return undefined
  }
}

/**
 * Stores the place when the page is left, and scrolls to the stored one as soon as it is loaded.
 * @param place undefined: there is nothing to scroll to
 */
export function usePlace(
  list: RefObject<HTMLElement | null>,
  groups: readonly JobGroup[],
  isListed: boolean,
  place: HistoryPlace | undefined,
): void {
  const current = useRef(groups)
  current.current = groups
  const wanted = useRef(place)
  useLayoutEffect(() => {
    if (!isListed || !wanted.current || !list.current) return
    scrollTo(list.current, groups, wanted.current)
    wanted.current = undefined
  }, [isListed, groups, list])
  useEffect(() => {
    const store = () => {
      const left = wanted.current ?? (list.current && placeIn(list.current, current.current))
      if (left) sessionStorage.setItem(KEY, JSON.stringify(left))
      else sessionStorage.removeItem(KEY)
    }
    window.addEventListener('pagehide', store)
    return () => window.removeEventListener('pagehide', store)
  }, [list])
}

function scrollTo(list: HTMLElement, groups: readonly JobGroup[], place: HistoryPlace): void {
  // The job may have been deleted: the next one is at its place.
  const group = groups.find(({ jobs: [newest] }) => newest && !isNewer(newest, place)) ?? groups.at(-1)
  const row = list.querySelector(`[data-key="${CSS.escape(group?.key ?? '')}"]`)
  if (row) list.scrollTop += row.getBoundingClientRect().top - list.getBoundingClientRect().top - place.offset
}

function placeIn(list: HTMLElement, groups: readonly JobGroup[]): HistoryPlace | undefined {
  if (list.scrollTop === 0) return undefined
  const top = list.getBoundingClientRect().top
  const [row] = rowsInView(list)
  const key = row?.getAttribute('data-key')
  const newest = groups.find((group) => group.key === key)?.jobs[0]
  if (!row || !newest) return undefined
  return { id: newest.id, createdAt: newest.createdAt, offset: row.getBoundingClientRect().top - top }
}

function isPlace(value: unknown): value is HistoryPlace {
  if (typeof value !== 'object' || value === null) return false
  if (!('id' in value && 'createdAt' in value && 'offset' in value)) return false
  return typeof value.id === 'string' && typeof value.createdAt === 'string' && typeof value.offset === 'number'
}
