import { memo, type RefObject, useEffect, useRef } from 'react'
import type { DaySection, RowChunk } from './day-sections.ts'
import { type Deletion, HistoryRow } from './history-row.tsx'
import type { JobGroup } from './job-groups.ts'
import { useSteadyScroll } from './use-steady-scroll.ts'

interface HistoryListProps {
  list: RefObject<HTMLDivElement | null>
  sections: readonly DaySection[]
  /** The keys of the rows whose jobs are open. */
  shownKeys: ReadonlySet<string>
  /** Whether older jobs can be loaded. */
  hasMore: boolean
  isLoadingMore: boolean
  /** Whether older jobs are loaded when the end of the list comes into view. */
  isEager: boolean
  /** Whether the rows are those of an earlier query. */
  isBusy: boolean
  onMore: () => void
  onScrolled: (isScrolled: boolean) => void
  onDelete: (group: JobGroup, deletion: Deletion, row: Element | null) => void
}

/** The height of a row, in rem, as history.css has it. */
const ROW_REM = 3.5
/** How far below the view the next page is loaded, in CSS pixels. */
const AHEAD_PX = 800
/** How many pages are loaded before somebody scrolls on. Many jobs may be one row, which never fills the view. */
const MOST_PAGES_AHEAD = 10

const DAY_OF_WEEK = new Intl.DateTimeFormat(undefined, { weekday: 'short', month: 'short', day: 'numeric' })
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' })

/** The rows under the headings of their days, in a box that scrolls. */
export function HistoryList({
  list,
  sections,
  shownKeys,
  hasMore,
  isLoadingMore,
  isEager,
  isBusy,
  onMore,
  onScrolled,
  onDelete,
}: HistoryListProps) {
  const keepSteady = useSteadyScroll(list, sections)
  const pagesAhead = useRef(0)
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!end.current || !isEager || !hasMore || isLoadingMore) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting) || pagesAhead.current >= MOST_PAGES_AHEAD) return
        pagesAhead.current++
        onMore()
      },
      { root: list.current, rootMargin: `0px 0px ${AHEAD_PX}px` },
    )
    observer.observe(end.current)
    return () => observer.disconnect()
  }, [list, hasMore, isLoadingMore, isEager, onMore])

  return (
    <div
      className="history-list"
      ref={list}
      aria-busy={isBusy}
      onScroll={({ currentTarget }) => {
        pagesAhead.current = 0
        keepSteady()
        onScrolled(currentTarget.scrollTop > 0)
      }}
    >
      {sections.map(({ day, chunks }) => (
        <section key={day}>
          <h3>{dayName(day)}</h3>
          {chunks.map((chunk) => (
            <Chunk key={chunk.key} chunk={chunk} shown={shownIn(chunk, shownKeys)} onDelete={onDelete} />
          ))}
        </section>
      ))}
      {hasMore && (
        <div ref={end} className="history-end">
          <button type="button" className="quiet" disabled={isLoadingMore} onClick={onMore}>
            {isLoadingMore ? 'Loading …' : 'Older jobs'}
          </button>
        </div>
      )}
    </div>
  )
}

interface ChunkProps {
  chunk: RowChunk
  /** The keys of the rows that are open, with commas between. */
  shown: string
  onDelete: HistoryListProps['onDelete']
}

/** A change of a row renders this row and looks at those of its chunk. The browser lays out the chunks in view alone. */
const Chunk = memo(function Chunk({ chunk: { groups }, shown, onDelete }: ChunkProps) {
  return (
    <ul style={{ containIntrinsicBlockSize: `auto ${groups.length * ROW_REM}rem` }}>
      {groups.map((group) => (
        <HistoryRow key={group.key} group={group} isShown={shown.includes(group.key)} onDelete={onDelete} />
      ))}
    </ul>
  )
})

function shownIn({ groups }: RowChunk, shownKeys: ReadonlySet<string>): string {
  if (shownKeys.size === 0) return ''
  return groups.flatMap(({ key }) => (shownKeys.has(key) ? key : [])).join()
}

function dayName(day: number): string {
  const today = new Date().setHours(0, 0, 0, 0)
  if (day === today) return 'Today'
  if (day === new Date(today).setDate(new Date(today).getDate() - 1)) return 'Yesterday'
  const isThisYear = new Date(day).getFullYear() === new Date(today).getFullYear()
  return (isThisYear ? DAY_OF_WEEK : DAY_OF_YEAR).format(day)
}
