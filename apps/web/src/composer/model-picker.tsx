import type { ProviderInfo } from '@promptlab/client'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { counted } from '../counted.ts'
import type { Choice } from './draft.ts'
import { isSameModel, modelGroups } from './model-list.ts'

interface ModelPickerProps {
  title: string
  providers: readonly ProviderInfo[]
  /** The model that is marked as chosen. */
  chosen: Choice | undefined
  onChoose: (choice: Choice) => void
  onClose: () => void
}

/**
 * A dialog for choosing a model, open as long as it is rendered: a field to type parts of names, and a list of the models that have
 * them. The focus stays in the field; the arrow keys move through the list.
 */
export function ModelPicker({ title, providers, chosen, onChoose, onClose }: ModelPickerProps) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const [typed, setTyped] = useState('')
  const [moved, setMoved] = useState<number>()
  const groups = modelGroups(providers, typed)
  const all = groups.flatMap(({ models }) => models)
  const current = chosen && typed === '' ? all.findIndex((model) => isSameModel(model, chosen)) : 0
  const active = Math.min(moved ?? Math.max(0, current), all.length - 1)
  useEffect(() => {
    // React runs effects twice in development, and a dialog cannot be opened twice.
    if (dialog.current && !dialog.current.open) dialog.current.showModal()
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the typed text changes which model the active one is
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' })
  }, [active, typed, id])

  const choose = (picked: Choice) => {
    onChoose(picked)
    dialog.current?.close()
  }
  const keyDown = (event: KeyboardEvent) => {
    const next = all.length === 0 ? undefined : nextIndex(event.key, active, all.length)
    if (next !== undefined) setMoved(next)
    const picked = event.key === 'Enter' ? all[active] : undefined
    if (picked) choose(picked)
    if (next !== undefined || event.key === 'Enter') event.preventDefault()
  }

  let index = -1
  return (
    <dialog
      ref={dialog}
      className="picker"
      aria-label={title}
      onClose={onClose}
      // The dialog itself is only hit beside its content, on the backdrop.
      onMouseDown={({ target, currentTarget }) => target === currentTarget && currentTarget.close()}
    >
      <div className="picker-body">
        <div className="picker-head">
          <input
            type="text"
            role="combobox"
            aria-label="Find a model"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={all.length > 0 ? `${id}-${active}` : undefined}
            placeholder="Find a model …"
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={({ target }) => {
              setTyped(target.value)
              setMoved(undefined)
            }}
            onKeyDown={keyDown}
          />
          <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        <div id={`${id}-list`} role="listbox" aria-label="Models" className="picker-list" tabIndex={-1}>
          {groups
            .filter(({ models }) => models.length > 0)
            .map(({ provider, models }) => (
              // biome-ignore lint/a11y/useSemanticElements: a group of a listbox is no fieldset
              <div key={provider} role="group" aria-label={provider}>
                <p className="picker-provider" aria-hidden="true">
                  {provider}
                </p>
                {models.map((model) => {
                  index++
                  const at = index
                  return (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys of all options
                    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field above
                    <div
                      key={model.model}
                      id={`${id}-${at}`}
                      role="option"
                      className={at === active ? 'active' : undefined}
                      aria-selected={chosen !== undefined && isSameModel(model, chosen)}
                      onClick={() => choose(model)}
                    >
                      {model.model}
                    </div>
                  )
                })}
              </div>
            ))}
        </div>
        {all.length === 0 && <p className="picker-none">No model that can be used has this in its name.</p>}
        <MissingKeys groups={groups} />
      </div>
      <p className="visually-hidden" aria-live="polite">
        {typed !== '' && counted(all.length, 'model')}
      </p>
    </dialog>
  )
}

/** Lists the environment variables that are missing for providers which cannot be used. */
function MissingKeys({ groups }: { groups: ReturnType<typeof modelGroups> }) {
  const lacking = groups.filter(({ missing }) => missing.length > 0)
  if (lacking.length === 0) return null
  return (
    <div className="picker-missing">
      <p>Not set up on this server:</p>
      <ul>
        {lacking.map(({ provider, missing }) => (
          <li key={provider}>
            {provider}: set <code>{missing.join(', ')}</code> on the server
          </li>
        ))}
      </ul>
    </div>
  )
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return (index + 1) % count
    case 'ArrowUp':
      return (index - 1 + count) % count
    case 'PageDown':
      return Math.min(count - 1, index + 10)
    case 'PageUp':
      return Math.max(0, index - 10)
    default:
      return undefined
  }
}
