import type { Job, JobError, JobMetrics, JobStatus, JobSummary } from '@promptlab/client'
import { isNewer } from '../history/job-rows.ts'
import { placeOfMetadata, valuesOfMetadata } from './cell-metadata.ts'
import { type GridPlan, MAX_COLUMNS, MAX_ROWS, type Place, type Values, variablesOfDraft } from './grid-plan.ts'

/** What the grid knows of a job. */
export interface CellJob {
  readonly id: string
  readonly status: JobStatus
  readonly provider: string
  readonly model: string
  readonly createdAt: string
  readonly metadata: Readonly<Record<string, string>> | undefined
  readonly metrics: JobMetrics | undefined
  readonly error: JobError | undefined
}

/** The newest job of a cell. */
export interface GridCell {
  readonly job: CellJob
  /** The text so far; undefined until it was loaded. */
  readonly text: string | undefined
  /** Whether the text is the last one. */
  readonly isWhole: boolean
}

/** A row. It stays the same object until something in it changes. */
export interface GridRow {
  readonly values: Values
  /** By column; undefined: no job is known. */
  readonly cells: readonly (GridCell | undefined)[]
}

interface Column {
  readonly provider: string
  readonly model: string
}

/** A grid of answers. */
export interface Grid {
  readonly variables: readonly string[]
  readonly columns: readonly (Column | undefined)[]
  readonly rows: readonly GridRow[]
}

const LIMITS = { rows: MAX_ROWS, columns: MAX_COLUMNS }

/** The grid of a plan, without jobs. Without a plan, the jobs themselves tell what is in it. */
export function emptyGrid(plan: GridPlan | undefined): Grid {
  if (!plan) return { variables: [], columns: [], rows: [] }
  return {
    variables: variablesOfDraft(plan.draft),
    columns: plan.draft.choices.map(({ provider, model }) => ({ provider, model })),
    rows: plan.rows.map((values) => ({ values, cells: [] })),
  }
}

/** What the grid keeps of a job, of a list or whole. */
export function cellJobOf(job: Job | JobSummary): CellJob {
  const { id, status, provider, model, createdAt, metadata } = job
  return {
    id,
    status,
    provider,
    model,
    createdAt,
    metadata,
    metrics: 'metrics' in job ? job.metrics : undefined,
    error: 'error' in job ? job.error : undefined,
  }
}

/** The grid with a job at its place. The newest job of a cell counts, and a job that has ended does not run again. */
export function withJob(grid: Grid, job: CellJob, text?: string): Grid {
  const place = placeOfMetadata(job.metadata, LIMITS)
  if (!place) return grid
  const known = cellAt(grid, place)
  const isSame = known?.job.id === job.id
  if (known && !isSame && isNewer(known.job, job)) return grid
  if (known && isSame && isEnded(known.job) && !isEnded(job)) return grid
  if (known && isSame && text === undefined && known.job.status === job.status && isEnded(job)) return grid
  const cell: GridCell = {
    job,
    text: text ?? (isSame ? known.text : undefined),
    isWhole: isEnded(job) && (text !== undefined || (isSame && known.isWhole)),
  }
  return withCell(withRoom(grid, job, place), place, cell)
}

/** The grid without a job that is gone. */
export function withoutJob(grid: Grid, id: string): Grid {
  const place = places(grid).find((each) => cellAt(grid, each)?.job.id === id)
  return place ? withCell(grid, place, undefined) : grid
}

export function isEnded({ status }: Pick<CellJob, 'status'>): boolean {
  return status !== 'pending' && status !== 'running'
}

export function cellAt(grid: Grid, { row, column }: Place): GridCell | undefined {
  return grid.rows[row]?.cells[column]
}

/** All cells that have a job. */
export function cellsOf(grid: Grid): GridCell[] {
  return grid.rows.flatMap(({ cells }) => cells.flatMap((cell) => cell ?? []))
}

function places(grid: Grid): Place[] {
  return grid.rows.flatMap((_, row) => grid.columns.map((__, column) => ({ row, column })))
}

function withCell(grid: Grid, { row, column }: Place, cell: GridCell | undefined): Grid {
  const { values, cells } = grid.rows[row] ?? { values: {}, cells: [] }
  const changed = Array.from({ length: Math.max(grid.columns.length, column + 1) }, (_, at) => cells[at])
  return { ...grid, rows: grid.rows.with(row, { values, cells: changed.with(column, cell) }) }
}

/** A grid that has the place: without a plan, it grows with its jobs. */
function withRoom(grid: Grid, { provider, model, metadata }: CellJob, { row, column }: Place): Grid {
  const noted = valuesOfMetadata(metadata)
  const isKnown = row < grid.rows.length && grid.columns[column] !== undefined
  if (isKnown && Object.keys(noted).every((name) => Object.hasOwn(grid.rows[row]?.values ?? {}, name))) return grid
  const columns = Array.from({ length: Math.max(grid.columns.length, column + 1) }, (_, at) => grid.columns[at])
  const rows = Array.from(
    { length: Math.max(grid.rows.length, row + 1) },
    (_, at) => grid.rows[at] ?? { values: {}, cells: [] },
  )
  const { values, cells } = rows[row] ?? { values: {}, cells: [] }
  return {
    variables: [...new Set([...grid.variables, ...Object.keys(noted)])],
    columns: columns.with(column, columns[column] ?? { provider, model }),
    rows: rows.with(row, { values: { ...noted, ...values }, cells }),
  }
}
