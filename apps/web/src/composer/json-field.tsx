import { type ReactNode, useId, useRef } from 'react'
import { prettyJson } from '../reading/pretty-json.ts'

interface JsonFieldProps {
  label: string
  value: string
  onChange: (value: string) => void
  /** What is wrong with the value, each a sentence. */
  faults: readonly string[]
  /** Words about the field, such as the models that do not take it. */
  hint?: ReactNode
  placeholder?: string
  /** A button that puts an example into the field. */
  example?: { readonly name: string; readonly add: (value: string) => string }
}

/** A field for JSON text. Tab leaves it, as everywhere; the button formats it. */
export function JsonField({ label, value, onChange, faults, hint, placeholder, example }: JsonFieldProps) {
  const id = useId()
  const field = useRef<HTMLTextAreaElement>(null)
  const formatted = prettyJson(value)
  return (
    <div className="field wide json-field">
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
        {hint}
        <span className="field-actions">
          {example && (
            <button
              type="button"
              className="quiet small"
              onClick={() => {
                onChange(example.add(value))
                field.current?.focus()
              }}
            >
              {example.name}
            </button>
          )}
          <button
            type="button"
            className="quiet small"
            aria-label={`Format ${label}`}
            disabled={formatted === value}
            onClick={() => onChange(formatted)}
          >
            Format
          </button>
        </span>
      </div>
      <textarea
        ref={field}
        id={id}
        className="code"
        rows={3}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        value={value}
        placeholder={placeholder}
        aria-invalid={faults.length > 0}
        aria-describedby={faults.length > 0 ? `${id}-faults` : undefined}
        onChange={({ target }) => onChange(target.value)}
      />
      {faults.length > 0 && (
        <ul id={`${id}-faults`} className="field-faults">
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
    </div>
  )
}
