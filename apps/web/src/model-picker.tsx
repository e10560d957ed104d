import type { ProviderInfo } from '@promptlab/client'
import { choiceOf } from './draft.ts'

interface ModelPickerProps {
  label: string
  choice: string
  providers: readonly ProviderInfo[]
  onChoose: (choice: string) => void
  onRemove: (() => void) | undefined
}

/** A model of a provider. Providers that lack a key are shown, with what to set, and cannot be chosen. */
export function ModelPicker({ label, choice, providers, onChoose, onRemove }: ModelPickerProps) {
  return (
    <div className="model">
      <select aria-label={label} value={choice} onChange={({ target }) => onChoose(target.value)}>
        {providers.map(({ name, models, configured, missing }) => (
          <optgroup key={name} label={configured ? name : `${name} (set ${missing.join(', ')})`} disabled={!configured}>
            {models.map((model) => (
              <option key={model} value={choiceOf(name, model)}>
                {model === name ? name : `${name} · ${model}`}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {onRemove && (
        <button type="button" className="quiet" aria-label={`Remove ${label.toLowerCase()}`} onClick={onRemove}>
          ×
        </button>
      )}
    </div>
  )
}
