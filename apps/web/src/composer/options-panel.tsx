import type { ProviderInfo } from '@promptlab/client'
import type { Choice, Draft } from './draft.ts'
import type { Fault } from './fault.ts'
import { OptionsForm } from './options-form.tsx'

interface OptionsPanelProps {
  id: string
  draft: Draft
  providers: readonly ProviderInfo[]
  faults: readonly Fault[]
  /** Whose options are shown: the index of a choice with its own; undefined: those for all. */
  scope: number | undefined
  onScope: (scope: number | undefined) => void
  onChange: (change: Partial<Draft>) => void
}

/** The options: those for all models, and those of a model that has its own. */
export function OptionsPanel({ id, draft, providers, faults, scope, onScope, onChange }: OptionsPanelProps) {
  const { choices, options } = draft
  const choice = scope === undefined ? undefined : choices[scope]
  const shown = choice ? choice.own : options
  const setChoice = (changed: Choice) => {
    if (scope !== undefined) onChange({ choices: choices.with(scope, changed) })
  }
  return (
    <section id={id} className="options-panel" aria-label="Options">
      {(choices.length > 1 || choices.some(({ own }) => own)) && (
        <fieldset className="scopes">
          <legend className="visually-hidden">Whose options</legend>
          <button type="button" aria-pressed={!choice} onClick={() => onScope(undefined)}>
            All models
          </button>
          {choices.map(({ model, own }, index) => (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: a button is that of a place among the choices
              key={index}
              type="button"
              aria-pressed={choice !== undefined && scope === index}
              onClick={() => onScope(index)}
            >
              {model}
              <span className="visually-hidden">, model {index + 1}</span>
              {own && <span className="own-mark"> · own</span>}
            </button>
          ))}
        </fieldset>
      )}
      {choice && (
        <p className="scope-words">
          {choice.own ? `${choice.model} has its own options.` : `${choice.model} has the options for all models.`}{' '}
          {choice.own ? (
            <button type="button" onClick={() => setChoice({ provider: choice.provider, model: choice.model })}>
              Use those for all
            </button>
          ) : (
            <button type="button" onClick={() => setChoice({ ...choice, own: options })}>
              Give it its own
            </button>
          )}
        </p>
      )}
      {shown && (
        <OptionsForm
          fields={shown}
          choices={choice ? [choice] : choices.filter(({ own }) => !own)}
          providers={providers}
          faults={faults.filter((fault) => fault.choice === (choice ? scope : undefined))}
          onChange={(changed) => (choice ? setChoice({ ...choice, own: changed }) : onChange({ options: changed }))}
        />
      )}
    </section>
  )
}
