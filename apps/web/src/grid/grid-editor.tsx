import type { ProviderInfo } from '@promptlab/client'
import { type DragEvent, type SubmitEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { newName } from '../chat/notes.ts'
import type { Draft } from '../composer/draft.ts'
import { faultsOf } from '../composer/draft-faults.ts'
import { ModelChips } from '../composer/model-chips.tsx'
import { OptionsPanel } from '../composer/options-panel.tsx'
import { optionsSummary } from '../composer/options-summary.ts'
import { counted } from '../counted.ts'
import { Dialog } from '../dialog.tsx'
import { go } from '../route.ts'
import {
  EMPTY_PLAN,
  emptyValues,
  type GridPlan,
  gridChoices,
  MAX_COLUMNS,
  MAX_ROWS,
  planFaults,
  variablesOfDraft,
} from './grid-plan.ts'
import { startRun } from './grid-runs.ts'
import { PromptPreview } from './prompt-preview.tsx'
import { readTable, rowsOfTable } from './read-table.ts'
import { RowsTable } from './rows-table.tsx'
import { storeDraft, storedDraft } from './stored-plans.ts'

interface GridEditorProps {
  providers: readonly ProviderInfo[]
  onNews: (news: string) => void
}

/** From this many jobs on, the user is asked first. */
const MANY = 100

/** The form of a new grid: the prompt, the models, their options, and the rows. */
export function GridEditor({ providers, onNews }: GridEditorProps) {
  const promptId = useId()
  const optionsId = useId()
  const [stored, setPlan] = useState(() => storedDraft() ?? EMPTY_PLAN)
  const [isOpen, setIsOpen] = useState(false)
  const [scope, setScope] = useState<number>()
  const [isTried, setIsTried] = useState(false)
  const [questions, setQuestions] = useState<readonly string[]>()
  const [notes, setNotes] = useState<readonly string[]>([])
  const [before, setBefore] = useState<GridPlan['rows']>()
  const file = useRef<HTMLInputElement>(null)
  useEffect(() => storeDraft(stored), [stored])

  const plan = providers.length === 0 ? stored : withChoices(stored, providers)
  const { draft, rows } = plan
  const names = JSON.stringify(variablesOfDraft(draft))
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same list as long as it has the same names
  const variables = useMemo(() => variablesOfDraft(draft), [names])
  const optionFaults = faultsOf(draft, providers)
  const faults = [...planFaults(plan), ...optionFaults.map(({ message }) => message)]
  const jobs = rows.length * draft.choices.length
  const summary = optionsSummary(draft.options)
  const shownScope = scope !== undefined && scope < draft.choices.length ? scope : undefined

  const setDraft = (change: Partial<Draft>) => setPlan({ ...plan, draft: { ...draft, ...change } })
  const setRows = (change: (rows: GridPlan['rows']) => GridPlan['rows']) =>
    setPlan((latest) => ({ ...latest, rows: change(latest.rows) }))

  const load = async (chosen: File | undefined) => {
    if (!chosen) return
    const read = rowsOfTable(await readTable(await chosen.text()), variables, MAX_ROWS)
    const loaded = `${read.rows.length} rows are loaded from ${chosen.name}.`
    setNotes([read.rows.length > 0 ? loaded : `${chosen.name} has no rows below its first line.`, ...read.notes])
    if (read.rows.length === 0) return
    setBefore(rows)
    setRows(() => read.rows)
  }
  const drop = (event: DragEvent) => {
    if (event.dataTransfer.files.length === 0) return
    event.preventDefault()
    void load(event.dataTransfer.files[0])
  }
  const run = () => {
    const id = newName()
    startRun(id, plan)
    onNews(`${counted(jobs, 'job')} ${jobs === 1 ? 'is' : 'are'} created.`)
    go(`#grid/${id}`)
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    setIsTried(true)
    if (faults.length > 0) {
      if (optionFaults.length > 0) setIsOpen(true)
      return
    }
    const asked = [...(jobs > MANY ? [`This creates ${jobs} jobs.`] : []), ...emptyValues(plan)]
    if (asked.length > 0) setQuestions(asked)
    else run()
  }

  return (
    <form
      className="grid-form"
      aria-label="New grid"
      noValidate
      onSubmit={submit}
      onDragOver={(event) => event.dataTransfer.types.includes('Files') && event.preventDefault()}
      onDrop={drop}
    >
      <header className="grid-head">
        <h1>Compare in a grid</h1>
        <p className="grid-hint">
          Each row fills the variables of the prompt, such as <code>{'{{topic}}'}</code>, and every model answers it.
        </p>
      </header>
      <div className="grid-prompt">
        <label htmlFor={promptId}>Prompt</label>
        <textarea
          id={promptId}
          rows={3}
          value={draft.prompt}
          placeholder="Explain {{topic}} in one sentence."
          onChange={({ target }) => setDraft({ prompt: target.value })}
        />
      </div>
      <fieldset className="models">
        <legend className="grid-label">Models</legend>
        <ModelChips
          word="Model"
          choices={draft.choices}
          providers={providers}
          max={MAX_COLUMNS}
          onChange={(choices) => setDraft({ choices })}
        />
      </fieldset>
      <div className="options-line">
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={isOpen ? optionsId : undefined}
          onClick={() => setIsOpen(!isOpen)}
        >
          Options
        </button>
        {summary !== '' && <span className="options-summary">{summary}</span>}
      </div>
      {isOpen && (
        <div className="grid-options">
          <OptionsPanel
            id={optionsId}
            draft={draft}
            providers={providers}
            faults={optionFaults}
            scope={shownScope}
            onScope={setScope}
            onChange={setDraft}
          />
        </div>
      )}
      <RowsTable rows={rows} variables={variables} onRows={setRows} />
      <div className="grid-actions">
        <button type="button" disabled={rows.length >= MAX_ROWS} onClick={() => setRows((all) => [...all, {}])}>
          Add row
        </button>
        <button type="button" onClick={() => file.current?.click()}>
          Load CSV
        </button>
        <input
          ref={file}
          type="file"
          accept=".csv,.tsv,.txt,text/csv"
          aria-label="CSV file"
          hidden
          onChange={({ target }) => {
            void load(target.files?.[0])
            target.value = ''
          }}
        />
        {before && (
          <button
            type="button"
            onClick={() => {
              setRows(() => before)
              setBefore(undefined)
              setNotes([])
            }}
          >
            Back to the rows before
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            setBefore(rows)
            setRows(() => [{}])
          }}
        >
          Remove all rows
        </button>
      </div>
      <div role="status">
        {notes.length > 0 && (
          <ul className="grid-notes">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        )}
      </div>
      <PromptPreview plan={plan} />
      {isTried && faults.length > 0 && (
        <div role="alert">
          <ul className="field-faults">
            {[...new Set(faults)].map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        </div>
      )}
      <div className="grid-run">
        <span>
          {counted(rows.length, 'row')} × {counted(draft.choices.length, 'model')}
        </span>
        <button type="submit" className="primary" disabled={draft.choices.length === 0}>
          Run {counted(jobs, 'job')}
        </button>
      </div>
      {questions && (
        <Dialog title={`Run ${counted(jobs, 'job')}?`} onClose={() => setQuestions(undefined)}>
          <ul className="grid-notes">
            {questions.map((question) => (
              <li key={question}>{question}</li>
            ))}
          </ul>
          <div className="grid-actions">
            <button type="button" className="primary" onClick={run}>
              Run them
            </button>
            <button type="button" onClick={() => setQuestions(undefined)}>
              Not yet
            </button>
          </div>
        </Dialog>
      )}
    </form>
  )
}

function withChoices(plan: GridPlan, providers: readonly ProviderInfo[]): GridPlan {
  return { ...plan, draft: { ...plan.draft, choices: gridChoices(plan.draft.choices, providers) } }
}
