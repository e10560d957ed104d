import type { JobView } from '@promptlab/react'
import { type KeyboardEvent, type SubmitEvent, useId, useState } from 'react'
import { QuestionContent } from '../composer/question-content.tsx'
import type { Branches } from './branches.ts'
import { isEditable, questionText } from './turn-text.ts'

interface QuestionProps {
  view: JobView
  branches: Branches | undefined
  onBranch: (id: string) => void
  /** Undefined: the question cannot be edited now. */
  onEdit: ((text: string, isForAll: boolean) => void) | undefined
  /** Whether other panes ask the same question. */
  isShared: boolean
}

/** The question of a turn, as it was written, which can be written again. */
export function Question({ view, branches, onBranch, onEdit, isShared }: QuestionProps) {
  const [isEditing, setEditing] = useState(false)
  const { id, job, asked } = view
  if (isEditing && onEdit)
    return (
      <QuestionEditor text={questionText(view)} isShared={isShared} onEdit={onEdit} onClose={() => setEditing(false)} />
    )
  return (
    <div className="turn-question">
      <QuestionContent jobId={id} prompt={(job ?? asked)?.prompt} messages={(job ?? asked)?.messages} />
      {branches && <BranchSwitch branches={branches} onBranch={onBranch} />}
      {onEdit && isEditable(view.job) && (
        <button type="button" className="quiet" onClick={() => setEditing(true)}>
          Edit
        </button>
      )}
    </div>
  )
}

/** Leads to the other branches at this question. */
function BranchSwitch({
  branches: { ends, index },
  onBranch,
}: Pick<QuestionProps, 'onBranch'> & { branches: Branches }) {
  const step = (label: string, sign: string, end: string | undefined) => (
    <button
      type="button"
      className="quiet"
      aria-label={label}
      disabled={end === undefined}
      onClick={() => end !== undefined && onBranch(end)}
    >
      {sign}
    </button>
  )
  return (
    <span className="branches">
      {step('Earlier branch', '‹', ends[index - 1])}
      {index + 1}/{ends.length}
      {step('Later branch', '›', ends[index + 1])}
    </span>
  )
}

interface QuestionEditorProps {
  text: string
  isShared: boolean
  onEdit: (text: string, isForAll: boolean) => void
  onClose: () => void
}

function QuestionEditor({ text, isShared, onEdit, onClose }: QuestionEditorProps) {
  const [edited, setEdited] = useState(text)
  const hint = useId()
  const send = (isForAll: boolean) => {
    onClose()
    onEdit(edited, isForAll)
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    send(false)
  }
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape') onClose()
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    event.currentTarget.form?.requestSubmit()
  }
  return (
    <form className="turn-question editing" onSubmit={submit}>
      <textarea
        aria-label="Edit the question"
        aria-describedby={hint}
        // biome-ignore lint/a11y/noAutofocus: the reader has asked for this field
        autoFocus
        required
        rows={Math.min(12, edited.split('\n').length + 1)}
        value={edited}
        onChange={({ target }) => setEdited(target.value)}
        onKeyDown={press}
      />
      <p className="hint" id={hint}>
        Makes a new branch. The answer that is here stays in the history.
      </p>
      <div className="actions">
        <button type="submit" className="primary">
          Ask
        </button>
        {isShared && (
          <button type="button" onClick={() => send(true)}>
            Ask all models
          </button>
        )}
        <button type="button" className="quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  )
}
