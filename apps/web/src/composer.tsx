import type { ProviderInfo } from '@promptlab/client'
import type { SubmitEvent } from 'react'
import { type Draft, MAX_CHOICES } from './draft.ts'
import { ModelPicker } from './model-picker.tsx'

interface ComposerProps {
  draft: Draft
  providers: readonly ProviderInfo[]
  isRunning: boolean
  onChange: (draft: Draft) => void
  onRun: () => void
  onStopAll: () => void
}

/** The form for the prompt, the models and the options. */
export function Composer({ draft, providers, isRunning, onChange, onRun, onStopAll }: ComposerProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change })
  const setChoice = (index: number, choice: string) => set({ choices: draft.choices.with(index, choice) })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    onRun()
  }
  return (
    <form className="composer" onSubmit={submit}>
      <label className="prompt">
        <span className="visually-hidden">Prompt</span>
        <textarea
          value={draft.prompt}
          placeholder="Write a prompt …"
          rows={4}
          required
          onChange={({ target }) => set({ prompt: target.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
            event.preventDefault()
            event.currentTarget.form?.requestSubmit()
          }}
        />
      </label>
      <fieldset className="models">
        <legend className="visually-hidden">Models</legend>
        {draft.choices.map((choice, index) => (
          <ModelPicker
            // biome-ignore lint/suspicious/noArrayIndexKey: a picker is the same picker whichever model is chosen in it
            key={index}
            label={`Model ${index + 1}`}
            choice={choice}
            providers={providers}
            onChoose={(next) => setChoice(index, next)}
            onRemove={draft.choices.length > 1 ? () => set({ choices: draft.choices.toSpliced(index, 1) }) : undefined}
          />
        ))}
        {draft.choices.length > 0 && draft.choices.length < MAX_CHOICES && (
          <button
            type="button"
            className="quiet"
            onClick={() => set({ choices: [...draft.choices, draft.choices.at(-1) ?? ''] })}
          >
            + Add model
          </button>
        )}
      </fieldset>
      <MissingKeys providers={providers} />
      <div className="composer-foot">
        <Options draft={draft} set={set} />
        <div className="actions">
          {isRunning && (
            <button type="button" onClick={onStopAll}>
              Stop all
            </button>
          )}
          <button type="submit" className="primary" disabled={draft.choices.length === 0}>
            Run <kbd>Ctrl ↵</kbd>
          </button>
        </div>
      </div>
    </form>
  )
}

/** Lists the environment variables that are missing for providers which cannot be used. */
function MissingKeys({ providers }: Pick<ComposerProps, 'providers'>) {
  const lacking = providers.filter(({ configured }) => !configured)
  if (lacking.length === 0) return null
  return (
    <ul className="hint">
      {lacking.map(({ name, missing }) => (
        <li key={name}>
          {name}: set <code>{missing.join(', ')}</code> on the server to use it
        </li>
      ))}
    </ul>
  )
}

function Options({ draft, set }: { draft: Draft; set: (change: Partial<Draft>) => void }) {
  return (
    <details className="options">
      <summary>Options</summary>
      <div className="option-fields">
        <label className="wide">
          System instruction
          <textarea rows={2} value={draft.system} onChange={({ target }) => set({ system: target.value })} />
        </label>
        <label>
          Temperature
          <input
            type="number"
            min="0"
            max="2"
            step="any"
            placeholder="vendor’s default"
            value={draft.temperature}
            onChange={({ target }) => set({ temperature: target.value })}
          />
        </label>
        <label>
          Max tokens
          <input
            type="number"
            min="1"
            step="1"
            placeholder="vendor’s default"
            value={draft.maxTokens}
            onChange={({ target }) => set({ maxTokens: target.value })}
          />
        </label>
      </div>
    </details>
  )
}
