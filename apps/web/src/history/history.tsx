import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useStoredState } from '../use-stored-state.ts'
import { DeletedNotes } from './deleted-notes.tsx'
import { Deletions } from './deletions.ts'
import { type FilterAction, filtersReducer, NO_FILTERS, queryOf, readFilters } from './history-filters.ts'
import { HistoryList } from './history-list.tsx'
import { HistoryMessage } from './history-message.tsx'
import { HistorySearch } from './history-search.tsx'
import { JobHistory } from './job-history.ts'
import { useDeletion } from './use-deletion.ts'
import { readPlace, usePlace } from './use-place.ts'
import { useSections } from './use-sections.ts'

interface HistoryProps {
  /** A new number lists the jobs again, if changes do not come by themselves. */
  version: number
  shownIds: readonly string[]
  /** The grid that is open. */
  shownGrid?: string | undefined
  /** Called with each job that is deleted, as soon as its row goes. */
  onDeleted: (id: string) => void
  /** Called when the server can be reached again. */
  onBack: () => void
}

/** How long somebody may pause in typing before the search begins, in milliseconds. */
const TYPING_MS = 250

/** The list of jobs, newest first, which shows changes as they happen. Each row is a link that opens its jobs. */
export function History({ version, shownIds, shownGrid, onDeleted, onBack }: HistoryProps) {
  const [filters, setFilters] = useStoredState('promptlab.history-filters', NO_FILTERS, readFilters)
  const change = (action: FilterAction) => setFilters(filtersReducer(filters, action))
  const [place] = useState(readPlace)
  const [history] = useState(() => new JobHistory(queryOf(filters), place))
  const [deletions] = useState(() => new Deletions())
  const view = useSyncExternalStore(history.subscribe, history.view)
  const { pending, hidden, fault } = useSyncExternalStore(deletions.subscribe, deletions.view)
  useEffect(history.open, [])
  useEffect(deletions.open, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means that a list without a feed is out of date
  useEffect(() => history.refresh(), [history, version])
  useBack(view.notice, onBack)
  const search = useSettled(filters.search)
  useEffect(() => history.filter(queryOf({ ...filters, search })), [history, filters, search])

  const list = useRef<HTMLDivElement>(null)
  const { groups, sections } = useSections(view.jobs, hidden)
  usePlace(list, groups, view.isListed, place)
  const shownKeys = useMemo(() => {
    const address = shownGrid === undefined ? '' : `grid/${shownGrid}`
    const shown = groups.filter(
      (group) => group.address === address || group.jobs.some(({ id }) => shownIds.includes(id)),
    )
    return new Set(shown.map(({ key }) => key))
  }, [groups, shownIds, shownGrid])
  const { remove, undo } = useDeletion(deletions, list, groups, onDeleted)
  const onScrolled = useCallback((isScrolled: boolean) => history.scrolled(isScrolled), [history])

  return (
    <nav className="history" aria-label="History">
      <h2>History</h2>
      <HistorySearch filters={filters} jobs={view.jobs} onChange={change} />
      <HistoryMessage
        view={view}
        isEmpty={groups.length === 0}
        search={search.trim()}
        deletionFault={fault}
        onLoad={history.restart}
        onClear={() => change({ type: 'clear' })}
        onRead={deletions.forgetFault}
      />
      <HistoryList
        list={list}
        sections={sections}
        shownKeys={shownKeys}
        hasMore={view.cursor !== null}
        isLoadingMore={view.isLoadingMore}
        isEager={view.isListed && !view.fault}
        isBusy={!view.isListed && !view.fault}
        onMore={history.more}
        onScrolled={onScrolled}
        onDelete={remove}
      />
      <DeletedNotes pending={pending} onUndo={undo} onHold={(isHeld) => deletions.hold(isHeld)} />
    </nav>
  )
}

/** The text once nobody has changed it for a while; an empty text at once. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), text === '' ? 0 : TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  return text === '' ? '' : settled
}

/** Calls back when a notice that the server cannot be reached is over. */
function useBack(notice: string | undefined, onBack: () => void): void {
  const wasAway = useRef(false)
  useEffect(() => {
    if (notice === undefined && wasAway.current) onBack()
    wasAway.current = notice !== undefined
  }, [notice, onBack])
}
