import type { JobSummary } from '@promptlab/client'
import { useEffect, useId, useMemo, useState } from 'react'
import { client } from '../api.ts'
import type { FilterAction, HistoryFilters } from './history-filters.ts'

interface FilterPanelProps {
  filters: HistoryFilters
  /** The jobs whose models are proposed, besides those of the providers. */
  jobs: readonly JobSummary[]
  onChange: (action: FilterAction) => void
}

/** The fields of the filters that are used less often than the search. */
export function FilterPanel({ filters, jobs, onChange }: FilterPanelProps) {
  const models = useModels(jobs)
  const modelList = useId()
  const set = (change: Partial<Omit<HistoryFilters, 'metadata'>>) => onChange({ type: 'set', filters: change })
  return (
    <div className="history-filters">
      <label>
        Model
        <input
          list={modelList}
          value={filters.model}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => set({ model: target.value })}
        />
        <datalist id={modelList}>
          {models.map((model) => (
            <option key={model} value={model} />
          ))}
        </datalist>
      </label>
      <label>
        From
        <input
          type="date"
          value={filters.from}
          max={filters.to || undefined}
          onChange={({ target }) => set({ from: target.value })}
        />
      </label>
      <label>
        To
        <input
          type="date"
          value={filters.to}
          min={filters.from || undefined}
          onChange={({ target }) => set({ to: target.value })}
        />
      </label>
      <MetadataFields onAdd={(name, value) => onChange({ type: 'add-metadata', name, value })} />
    </div>
  )
}

function MetadataFields({ onAdd }: { onAdd: (name: string, value: string) => void }) {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (name.trim() === '') return
        onAdd(name.trim(), value)
        setName('')
        setValue('')
      }}
    >
      <fieldset>
        <legend>Metadata</legend>
        <input
          aria-label="Name"
          placeholder="name"
          value={name}
          maxLength={64}
          required
          onChange={({ target }) => setName(target.value)}
        />
        <span aria-hidden="true">=</span>
        <input
          aria-label="Value"
          placeholder="value"
          value={value}
          maxLength={512}
          onChange={({ target }) => setValue(target.value)}
        />
        <button type="submit">Add</button>
      </fieldset>
    </form>
  )
}

/** The models of the providers and of the jobs, in the order of the alphabet. */
function useModels(jobs: readonly JobSummary[]): readonly string[] {
  const [offered, setOffered] = useState<readonly string[]>([])
  useEffect(() => {
    const leaving = new AbortController()
    client.providers({ signal: leaving.signal }).then(
      (providers) => setOffered(providers.flatMap(({ models }) => models)),
      // The models are proposals, and the list itself says that the server is away.
      () => {},
    )
    return () => leaving.abort()
  }, [])
  return useMemo(() => [...new Set([...offered, ...jobs.map(({ model }) => model)])].sort(), [offered, jobs])
}
