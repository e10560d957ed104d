import { memo } from 'react'
import { costText } from '../chat/cost-text.ts'
import { billedTokens, seconds } from '../chat/figures.ts'
import { outcomeOf } from '../chat/outcome.ts'
import type { CellJob, GridCell } from './cells.ts'
import type { Place } from './grid-plan.ts'
import type { GridRun } from './grid-run.ts'

interface AnswerCellProps extends Place {
  cell: GridCell | undefined
  isMaking: boolean
  run: GridRun
  onOpen: (place: Place) => void
}

/** How much of an answer is in the table, in UTF-16 code units. */
const EXCERPT = 400

/** An answer in the table: how it stands, its beginning, its figures. */
export const AnswerCell = memo(({ cell, row, column, isMaking, run, onOpen }: AnswerCellProps) => {
  if (!cell) return <td className="grid-missing">{isMaking ? 'Waits to be created' : 'No job'}</td>
  const { job, text = '' } = cell
  return (
    <td data-status={job.status}>
      <button type="button" className="grid-cell" onClick={() => onOpen({ row, column })}>
        <span className="grid-status">{statusText(job)}</span>
        <span className="grid-text">{job.error?.message ?? text.slice(0, EXCERPT)}</span>
        <span className="grid-cell-figures">{figuresText(job)}</span>
      </button>
      {job.status === 'failed' && (
        <button
          type="button"
          className="grid-rerun"
          disabled={isMaking}
          aria-label={`Rerun row ${row + 1}, model ${column + 1}`}
          onClick={() => void run.rerun([job])}
        >
          Rerun
        </button>
      )}
    </td>
  )
})

const WORDS = { pending: 'Waiting', running: 'Running', completed: 'Completed', failed: 'Failed', cancelled: 'Stopped' }

/** How a job stands, in a word. */
export function statusText({ status, metrics }: CellJob): string {
  return outcomeOf(status, metrics)?.word ?? WORDS[status]
}

/** How long a job took, its tokens and its cost, such as `1.2 s · 34 tokens · $0.001`; empty before it has ended. */
export function figuresText({ status, metrics }: CellJob): string {
  if (!metrics || status === 'running') return ''
  const { durationMs, cost } = metrics
  return [seconds(durationMs), `${billedTokens(metrics)} tokens`, cost && costText(cost)].filter(Boolean).join(' · ')
}
