import type { Draft } from '../composer/draft.ts'
import { variablesOf } from './variables.ts'

/** The limits of the server. */
const MAX_ENTRIES = 16
const MAX_TEXT = 512

const VALUE = 'var.'

interface CellPlace {
  readonly row: number
  readonly column: number
}

/**
 * What the job of a cell notes: its grid, its place, the values of its row as far as they fit, and the templates if they fit, so that
 * another browser can edit the grid.
 */
export function cellMetadata(
  grid: string,
  { prompt, options, choices }: Draft,
  values: Readonly<Record<string, string>>,
  { row, column }: CellPlace,
): Record<string, string> {
  const system = choices[column]?.own?.system ?? options.system
  const hasSystem = variablesOf([system]).length > 0
  const isWhole = prompt.length <= MAX_TEXT && (!hasSystem || system.length <= MAX_TEXT)
  const fixed = {
    grid,
    row: String(row),
    column: String(column),
    ...(isWhole && { template: prompt, ...(hasSystem && { system }) }),
  }
  const names = variablesOf([prompt, options.system, ...choices.map(({ own }) => own?.system ?? '')])
  const kept = names.slice(0, MAX_ENTRIES - Object.keys(fixed).length)
  return { ...fixed, ...Object.fromEntries(kept.map((name) => [VALUE + name, cut(values[name] ?? '')])) }
}

/** The place of a job in its grid; undefined if it notes none, or one that no grid has. */
export function placeOfMetadata(
  metadata: Readonly<Record<string, string>> = {},
  { rows, columns }: { readonly rows: number; readonly columns: number },
): CellPlace | undefined {
  const [row, column] = [metadata['row'], metadata['column']].map((text) =>
    /^\d{1,3}$/.test(text ?? '') ? Number(text) : Number.POSITIVE_INFINITY,
  )
  if (row === undefined || column === undefined || row >= rows || column >= columns) return undefined
  return { row, column }
}

/** The values that a job notes of its row. */
export function valuesOfMetadata(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([name, value]) =>
      name.startsWith(VALUE) ? [[name.slice(VALUE.length), value]] : [],
    ),
  )
}

/** Cut to the limit with a mark, never within a surrogate pair. */
function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text
  return `${text.slice(0, MAX_TEXT - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
