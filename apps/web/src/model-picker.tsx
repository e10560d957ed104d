import type { ProviderInfo } from '@promptlab/client'
import { choiceOf } from './draft.ts'

interface ModelPickerProps {
  label: string
  choice: string
  providers: readonly ProviderInfo[]
  onChoose: (choice: string) => void
  onRemove: (() => void) | undefined
}

/** Chooses a model. A provider without a key cannot be chosen; its label names the variables to set. */
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
