import type { ProviderInfo } from '@promptlab/client'
import { useStore } from '@promptlab/react'
import { useEffect, useRef, useState } from 'react'
import { AnswerTable } from './answer-table.tsx'
import { CellDialog } from './cell-dialog.tsx'
import { cellAt, cellsOf, isEnded } from './cells.ts'
import { GridActions } from './grid-actions.tsx'
import type { Place } from './grid-plan.ts'
import { runOf } from './grid-runs.ts'
import { useGridNews } from './use-grid-news.ts'

interface GridResultsProps {
  id: string
  providers: readonly ProviderInfo[]
  onNews: (news: string) => void
}

/** A grid with its answers, which fill in while it runs. */
export function GridResults({ id, providers, onNews }: GridResultsProps) {
  const [run] = useState(() => runOf(id))
  const view = useStore(run)
  const { grid, isListed, isMaking, isStopping, notice } = view
  const [shown, setShown] = useState<Place>()
  const [trouble, setTrouble] = useState<string>()
  useEffect(() => run.open(), [run])
  // The providers are loaded again when there is another key, or the network is back.
  const first = useRef(providers)
  useEffect(() => {
    if (first.current !== providers && run.view().listFault !== undefined) run.restart()
    first.current = providers
  }, [providers, run])

  const cells = cellsOf(grid)
  const ended = cells.filter(({ job }) => isEnded(job)).length
  const failed = cells.filter(({ job }) => job.status === 'failed')
  const total = grid.rows.length * grid.columns.length
  const missing = total - cells.length
  const goesOn = isMaking || ended < cells.length
  useGridNews({ total, ended, failed: failed.length, goesOn, isListed }, onNews)

  const cell = shown && cellAt(grid, shown)

  return (
    <section className="grid-results" aria-label="Grid">
      <header className="grid-head">
        <h1>Compare in a grid</h1>
        <p className="grid-progress">
          {isListed || total > 0
            ? progressText({ total, ended, made: cells.length, failed: failed.length })
            : 'Loading …'}
          {isStopping && ' · stopping …'}
        </p>
        <GridActions
          run={run}
          view={view}
          missing={missing}
          failed={failed.map(({ job }) => job)}
          goesOn={goesOn}
          onFault={setTrouble}
        />
      </header>
      {notice && <p className="banner">{notice}</p>}
      <GridFault fault={view.fault ?? trouble} />
      <GridFault fault={view.listFault} onRetry={run.restart} />
      {isListed && total === 0 && (
        <p className="grid-hint">
          There are no jobs of this grid: they were deleted, or belong to another key. <a href="#grid">New grid</a>
        </p>
      )}
      {total > 0 && <AnswerTable grid={grid} isMaking={isMaking} run={run} onOpen={setShown} />}
      {shown && cell && (
        <CellDialog
          grid={grid}
          place={shown}
          cell={cell}
          onRerun={() => void run.rerun([cell.job])}
          onClose={() => setShown(undefined)}
        />
      )}
    </section>
  )
}

function GridFault({ fault, onRetry }: { fault: string | undefined; onRetry?: () => void }) {
  if (fault === undefined) return null
  return (
    <p className="fault" role="alert">
      {fault}{' '}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </p>
  )
}

function progressText(counts: { total: number; ended: number; made: number; failed: number }): string {
  const { total, ended, made, failed } = counts
  return [
    `${ended} of ${total} ended`,
    made > ended && `${made - ended} running`,
    made < total && `${total - made} not created`,
    failed > 0 && `${failed} failed`,
  ]
    .filter(Boolean)
    .join(' · ')
}
