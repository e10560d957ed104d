import { type ReactNode, useId } from 'react'
import { namesText } from './draft-faults.ts'

interface FieldProps {
  label: string
  /** What is wrong with the value, each a sentence. */
  faults: readonly string[]
  /** The chosen providers that cannot keep the option. */
  without?: readonly string[]
  isWide?: boolean
}

interface InputProps extends FieldProps {
  value: string
  placeholder?: string
  onChange: (value: string) => void
}

/** A number, as text: what is typed is never lost, and a fault is said in words. */
export function NumberInput({ value, placeholder = 'vendor’s default', onChange, ...field }: InputProps) {
  return (
    <Field {...field}>
      {(about) => (
        <input
          {...about}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          value={value}
          placeholder={placeholder}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  )
}

/** A line of text. */
export function LineInput({ value, placeholder, onChange, ...field }: InputProps) {
  return (
    <Field {...field}>
      {(about) => (
        <input
          {...about}
          type="text"
          autoComplete="off"
          spellCheck={false}
          value={value}
          placeholder={placeholder}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  )
}

/** A text of several lines. */
export function TextInput({ value, placeholder, onChange, ...field }: InputProps) {
  return (
    <Field {...field}>
      {(about) => (
        <textarea
          {...about}
          rows={2}
          value={value}
          placeholder={placeholder}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  )
}

interface ChoiceInputProps extends InputProps {
  /** The values with their words; the empty value is the default. */
  entries: readonly (readonly [value: string, words: string])[]
}

/** One of several values. */
export function ChoiceInput({ value, entries, onChange, ...field }: ChoiceInputProps) {
  const isKnown = entries.some(([each]) => each === value)
  return (
    <Field {...field}>
      {(about) => (
        <select {...about} value={value} onChange={({ target }) => onChange(target.value)}>
          {!isKnown && <option value={value}>{value.replace(/^tool:/, '')}</option>}
          {entries.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

interface InputAttributes {
  id: string
  'aria-invalid': boolean
  'aria-describedby': string | undefined
}

function Field({
  label,
  faults,
  without = [],
  isWide = false,
  children,
}: FieldProps & { children: (about: InputAttributes) => ReactNode }) {
  const id = useId()
  const described = [without.length > 0 && `${id}-without`, faults.length > 0 && `${id}-faults`].filter(Boolean)
  return (
    <div className={isWide ? 'field wide' : 'field'}>
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
        {without.length > 0 && <Without id={`${id}-without`} names={without} />}
      </div>
      {children({
        id,
        'aria-invalid': faults.length > 0,
        'aria-describedby': described.length > 0 ? described.join(' ') : undefined,
      })}
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

/** Says which providers cannot keep an option. */
export function Without({ id, names }: { id?: string; names: readonly string[] }) {
  if (names.length === 0) return null
  return (
    <span id={id} className="field-without" title={`${namesText(names)} cannot keep this option`}>
      not for {namesText(names)}
    </span>
  )
}
