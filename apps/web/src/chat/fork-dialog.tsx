import type { JobView } from '@promptlab/react'
import { type SubmitEvent, useRef, useState } from 'react'
import { Dialog } from '../dialog.tsx'

interface ForkDialogProps {
  view: JobView
  onFork: (fork: { at: number; prompt?: string }) => void
  onClose: () => void
}

/** Chooses the place in the last text of an answer from which a new conversation goes on. */
export function ForkDialog({ view, onFork, onClose }: ForkDialogProps) {
  const { before, text } = lastText(view)
  const [at, setAt] = useState(text.length)
  const [prompt, setPrompt] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const readPlace = () => setAt(field.current?.selectionStart ?? text.length)
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    onFork({ at: before + at, ...(prompt.trim() !== '' && { prompt }) })
    onClose()
  }
  return (
    <Dialog title="Fork the answer" onClose={onClose}>
      <form className="fork" onSubmit={submit}>
        <label>
          Put the cursor where the answer should be cut. What comes before it is kept.
          <textarea
            ref={field}
            className="fork-text"
            rows={10}
            value={text}
            // Not read-only: browsers show no cursor in such a field. What is typed is dropped.
            onChange={readPlace}
            onSelect={readPlace}
          />
        </label>
        <p className="hint" aria-live="polite">
          Keeps {at} of {text.length} characters: “…{text.slice(Math.max(0, at - 40), at)}
          <mark>|</mark>
          {text.slice(at, at + 20)}…”
        </p>
        <label>
          Your next words. Empty: the model goes on with its answer.
          <textarea rows={3} value={prompt} onChange={({ target }) => setPrompt(target.value)} />
        </label>
        <div className="actions">
          <button type="submit" className="primary">
            Fork here
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The last text of an answer, and how many places come before it: the beginning and the end of a call take one each. */
function lastText({ parts }: Pick<JobView, 'parts'>): { before: number; text: string } {
  const index = parts.findLastIndex(({ type }) => type === 'text')
  const last = parts[index]
  if (last?.type !== 'text') return { before: 0, text: '' }
  const before = parts
    .slice(0, index)
    .reduce((sum, part) => sum + (part.type === 'tool-call' ? part.arguments.length + 2 : part.text.length), 0)
  return { before, text: last.text }
}
