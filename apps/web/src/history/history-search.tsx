import { useId, useRef, useState } from 'react'
import { FilterPanel } from './filter-panel.tsx'
import {
  chipsOf,
  type FilterAction,
  type HistoryFilters,
  MAX_SEARCH,
  NO_FILTERS,
  STATUSES,
  wordCount,
} from './history-filters.ts'
import type { HistoryView } from './job-history.ts'

interface HistorySearchProps {
  filters: HistoryFilters
  jobs: HistoryView['jobs']
  onChange: (action: FilterAction) => void
}

/** The search, the filters, and what of them is active. */
export function HistorySearch({ filters, jobs, onChange }: HistorySearchProps) {
  const [isOpen, setOpen] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const [panel, hint] = [useId(), useId()]
  const chips = chipsOf(filters)
  const set = (change: Partial<Omit<HistoryFilters, 'metadata'>>) => onChange({ type: 'set', filters: change })
  const words = searchHint(filters.search)
  return (
    <search className="history-search">
      <input
        ref={field}
        type="search"
        aria-label="Search questions and answers"
        aria-describedby={hint}
        placeholder="Search questions and answers"
        value={filters.search}
        maxLength={MAX_SEARCH}
        onChange={({ target }) => set({ search: target.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || filters.search === '') return
          event.preventDefault()
          // The field alone, not a drawer around it.
          event.stopPropagation()
          set({ search: '' })
        }}
      />
      <p id={hint} className="hint" hidden={words === ''}>
        {words}
      </p>
      <div className="history-tools">
        <select
          aria-label="Show jobs that are"
          value={filters.status}
          onChange={({ target }) => set({ status: STATUSES.find((each) => each === target.value) ?? '' })}
        >
          <option value="">all</option>
          {STATUSES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <button type="button" aria-expanded={isOpen} aria-controls={panel} onClick={() => setOpen(!isOpen)}>
          Filters{chips.length > 0 && ` (${chips.length})`}
        </button>
      </div>
      <div id={panel} hidden={!isOpen}>
        {isOpen && <FilterPanel filters={filters} jobs={jobs} onChange={onChange} />}
      </div>
      {chips.length > 0 && (
        <ul className="history-chips" aria-label="Active filters">
          {chips.map(({ label, remove }) => (
            <li key={label}>
              <button
                type="button"
                aria-label={`Remove the filter ${label}`}
                onClick={() => {
                  onChange(remove)
                  // The button goes with its filter.
                  field.current?.focus()
                }}
              >
                <span>{label}</span> ×
              </button>
            </li>
          ))}
        </ul>
      )}
      {isAnyActive(filters) && (
        <button
          type="button"
          className="quiet"
          onClick={() => {
            onChange({ type: 'clear' })
            field.current?.focus()
          }}
        >
          Clear all filters
        </button>
      )}
    </search>
  )
}

function searchHint(search: string): string {
  if (search.trim() === '') return ''
  const words = wordCount(search)
  if (words === 0) return 'Type a letter or a digit.'
  return words === 1
    ? 'The word must occur, or a word that begins with it.'
    : `All ${words} words must occur, each as the beginning of a word.`
}

function isAnyActive(filters: HistoryFilters): boolean {
  return JSON.stringify(filters) !== JSON.stringify(NO_FILTERS)
}
