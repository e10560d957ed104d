import { useState } from 'react'
import { client, explain } from '../api.ts'
import { go } from '../route.ts'
import type { CellJob } from './cells.ts'
import { csvOf, jsonOf, saveFile } from './export-grid.ts'
import type { GridRun, GridView } from './grid-run.ts'
import { planOfGrid } from './plan-of-grid.ts'
import { storeDraft } from './stored-plans.ts'

interface GridActionsProps {
  run: GridRun
  view: GridView
  /** How many cells have no job. */
  missing: number
  failed: readonly CellJob[]
  goesOn: boolean
  onFault: (fault: string) => void
}

/** What can be done with a grid. */
export function GridActions({ run, view, missing, failed, goesOn, onFault }: GridActionsProps) {
  const { grid, isListed, isMaking, isStopping } = view
  const [isSaving, setIsSaving] = useState(false)
  const isEmpty = grid.rows.every(({ cells }) => !cells.some(Boolean))

  const save = async (format: 'csv' | 'json') => {
    setIsSaving(true)
    const whole = await run.loadAll()
    if (format === 'csv') saveFile(`grid-${run.id}.csv`, 'text/csv;charset=utf-8', csvOf(whole))
    else saveFile(`grid-${run.id}.json`, 'application/json', jsonOf(run.id, whole))
    setIsSaving(false)
  }
  const edit = async () => {
    try {
      const plan = run.plan ?? (await planOfGrid(grid, (job) => client.get(job)))
      if (!plan)
        return onFault('The prompt of this grid is too long to be kept with its jobs. Edit it where it was run.')
      storeDraft(plan)
      go('#grid')
    } catch (error) {
      onFault(explain(error).message)
    }
  }

  return (
    <div className="grid-actions">
      {goesOn && (
        <button type="button" disabled={isStopping} onClick={() => void run.stop()}>
          Stop
        </button>
      )}
      {run.plan && isListed && !isMaking && missing > 0 && (
        <button type="button" className="primary" onClick={() => void run.createMissing()}>
          Create the missing {missing}
        </button>
      )}
      {failed.length > 0 && (
        <button type="button" disabled={isMaking} onClick={() => void run.rerun(failed)}>
          Rerun {failed.length} failed
        </button>
      )}
      <button type="button" disabled={isSaving || isEmpty} onClick={() => void save('csv')}>
        Save as CSV
      </button>
      <button type="button" disabled={isSaving || isEmpty} onClick={() => void save('json')}>
        Save as JSON
      </button>
      <button type="button" disabled={grid.rows.length === 0} onClick={() => void edit()}>
        Edit as a new grid
      </button>
    </div>
  )
}
