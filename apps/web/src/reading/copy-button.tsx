import { useEffect, useState } from 'react'

interface CopyButtonProps {
  /** The text, or a function that makes it when the button is pressed. */
  text: string | (() => string)
  /** What the button says. */
  label?: string
  /** What is copied, for screen readers, when several buttons have the same label. */
  what?: string
  isDisabled?: boolean
}

/** Copies a text, and says for a moment that it did: on the button, and to screen readers. */
export function CopyButton({ text, label = 'Copy', what, isDisabled = false }: CopyButtonProps) {
  const [said, setSaid] = useState<'Copied' | 'Copy failed'>()
  useEffect(() => {
    if (said === undefined) return
    const timer = setTimeout(() => setSaid(undefined), 1_500)
    return () => clearTimeout(timer)
  }, [said])
  const copy = () =>
    // `navigator.clipboard` is undefined in pages that were loaded over plain HTTP.
    Promise.resolve(navigator.clipboard?.writeText(typeof text === 'string' ? text : text()) ?? Promise.reject()).then(
      () => setSaid('Copied'),
      () => setSaid('Copy failed'),
    )
  return (
    <>
      <button type="button" className="quiet" disabled={isDisabled} onClick={() => void copy()}>
        {said ?? label}
        {what !== undefined && <span className="visually-hidden"> {what}</span>}
      </button>
      <span role="status" className="visually-hidden">
        {said}
      </span>
    </>
  )
}
