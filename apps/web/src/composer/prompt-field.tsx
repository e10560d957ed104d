import { useId, useLayoutEffect, useRef } from 'react'

interface PromptFieldProps {
  value: string
  faults: readonly string[]
  onChange: (value: string) => void
}

/** The field for the prompt. It grows with its text; Ctrl+Enter and ⌘+Enter send, Enter begins a line. */
export function PromptField({ value, faults, onChange }: PromptFieldProps) {
  const id = useId()
  const field = useRef<HTMLTextAreaElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height is that of the text
  useLayoutEffect(() => {
    // Where the browser cannot let a field grow by itself.
    if (!field.current || CSS.supports('field-sizing', 'content')) return
    field.current.style.height = 'auto'
    field.current.style.height = `${field.current.scrollHeight + 2}px`
  }, [value])
  return (
    <div className="prompt">
      <label htmlFor={id} className="visually-hidden">
        Prompt
      </label>
      <textarea
        ref={field}
        id={id}
        value={value}
        placeholder="Write a prompt …"
        rows={1}
        aria-invalid={faults.length > 0}
        aria-describedby={faults.length > 0 ? `${id}-faults` : undefined}
        onChange={({ target }) => onChange(target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
          event.preventDefault()
          event.currentTarget.form?.requestSubmit()
        }}
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
