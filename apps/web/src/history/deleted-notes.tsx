import { counted } from '../counted.ts'
import type { PendingDeletion } from './deletions.ts'

interface DeletedNotesProps {
  pending: readonly PendingDeletion[]
  onUndo: (deletion: PendingDeletion) => void
  /** Called with true while the pointer or the focus is in the notes. */
  onHold: (isHeld: boolean) => void
}

/** What was deleted and can be taken back. It is always in the page, so that screen readers say what comes into it. */
export function DeletedNotes({ pending, onUndo, onHold }: DeletedNotesProps) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the pointer only stops the time, nothing is operated by it
    <div
      className="history-deleted"
      onMouseEnter={() => onHold(true)}
      onMouseLeave={() => onHold(false)}
      onFocus={() => onHold(true)}
      onBlur={() => onHold(false)}
    >
      <div role="status">
        {pending.map((deletion) => (
          <p key={deletion.key}>
            <span>
              Deleted {deletion.ids.length > 1 && `${counted(deletion.ids.length, 'job')} of `}“{deletion.name}”.
            </span>
            <button type="button" onClick={() => onUndo(deletion)}>
              Undo
            </button>
          </p>
        ))}
      </div>
    </div>
  )
}
