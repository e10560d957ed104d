import { Dialog } from '../dialog.tsx'
import { Markdown } from '../reading/markdown.tsx'
import { figuresText, statusText } from './answer-cell.tsx'
import { type Grid, type GridCell, isEnded } from './cells.ts'
import type { Place } from './grid-plan.ts'

interface CellDialogProps {
  grid: Grid
  place: Place
  cell: GridCell
  onRerun: () => void
  onClose: () => void
}

/** The whole answer of a cell. */
export function CellDialog({ grid, place: { row }, cell: { job, text }, onRerun, onClose }: CellDialogProps) {
  const values = grid.rows[row]?.values ?? {}
  return (
    <Dialog title={`Row ${row + 1}, ${job.model}`} onClose={onClose}>
      <div className="grid-dialog">
        <dl className="grid-figures">
          {grid.variables.map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{values[name]}</dd>
            </div>
          ))}
        </dl>
        <p className="grid-cell-figures">{[statusText(job), figuresText(job)].filter(Boolean).join(' · ')}</p>
        {job.error && <p className="fault">{job.error.message}</p>}
        {text === '' && isEnded(job) && !job.error && <p className="grid-hint">The answer has no text.</p>}
        {text !== undefined && <Markdown text={text} isGrowing={!isEnded(job)} />}
        <div className="grid-actions">
          <a href={`#${job.id}`}>Open the job</a>
          {job.status === 'failed' && (
            <button
              type="button"
              onClick={() => {
                onRerun()
                onClose()
              }}
            >
              Rerun
            </button>
          )}
        </div>
      </div>
    </Dialog>
  )
}
