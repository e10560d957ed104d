import { billedTokens } from '../chat/figures.ts'
import type { Grid, GridCell } from './cells.ts'

/** The grid as CSV (RFC 4180) with a byte order mark, one line for each row, the figures of each model behind its answer. */
export function csvOf(grid: Grid): string {
  const head = [
    ...grid.variables,
    ...grid.columns.flatMap((column, index) => {
      const name = `${index + 1} ${column?.provider ?? ''}/${column?.model ?? ''}`
      return [name, ...FIGURES.map((figure) => `${name} ${figure}`)]
    }),
  ]
  const lines = grid.rows.map(({ values, cells }) => [
    ...grid.variables.map((name) => values[name] ?? ''),
    ...grid.columns.flatMap((_, column) => fieldsOf(cells[column])),
  ])
  return `\uFEFF${[head, ...lines].map((line) => line.map(csvField).join(',')).join('\r\n')}\r\n`
}

const FIGURES = ['status', 'ms', 'tokens', 'usd', 'job']

function fieldsOf(cell: GridCell | undefined): string[] {
  if (!cell) return ['', ...FIGURES.map(() => '')]
  const { job, text = '' } = cell
  const { metrics } = job
  return [
    text,
    job.error ? `failed: ${job.error.message}` : job.status,
    ...(metrics
      ? [String(metrics.durationMs), String(billedTokens(metrics)), String(metrics.cost?.usd ?? '')]
      : ['', '', '']),
    job.id,
  ]
}

/** A field, quoted where it must be. A spreadsheet would take one that begins like a formula for one, so an apostrophe leads it. */
export function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** The grid as JSON, with everything that is known of each cell. */
export function jsonOf(id: string, { variables, columns, rows }: Grid): string {
  const shown = {
    grid: id,
    variables,
    models: columns.map((column) => column ?? null),
    rows: rows.map(({ values, cells }) => ({
      values,
      answers: columns.map((_, column) => {
        const cell = cells[column]
        if (!cell) return null
        const { id, status, metrics, error } = cell.job
        return { jobId: id, status, text: cell.text ?? null, metrics, error }
      }),
    })),
  }
  return `${JSON.stringify(shown, undefined, 2)}\n`
}

/** Lets the browser save a text as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
