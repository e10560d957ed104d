import { type KeyboardEvent, memo, useMemo, useRef } from 'react'
import { seconds } from '../chat/figures.ts'
import { AnswerCell } from './answer-cell.tsx'
import type { CellJob, Grid, GridRow } from './cells.ts'
import type { Place } from './grid-plan.ts'
import type { GridRun } from './grid-run.ts'
import { figuresOf } from './statistics.ts'
import { useSeenRows } from './use-seen-rows.ts'

interface AnswerTableProps {
  grid: Grid
  isMaking: boolean
  run: GridRun
  onOpen: (place: Place) => void
}

/** Rows by models. The arrow keys move between the answers. */
export function AnswerTable({ grid, isMaking, run, onOpen }: AnswerTableProps) {
  const body = useRef<HTMLTableSectionElement>(null)
  useSeenRows(body, grid.rows.length, run)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="grid-scroll grid-answers" aria-label="Answers" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Row</th>
            {grid.columns.map((column, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column is that of its number
              <th scope="col" key={index}>
                <span className="grid-model">{column?.model ?? `Model ${index + 1}`}</span>{' '}
                {column && column.provider !== column.model && <span className="grid-provider">{column.provider}</span>}
                <Figures rows={grid.rows} column={index} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={moveFocus}>
          {grid.rows.map((row, index) => (
            <AnswerRow
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is that of its number
              key={index}
              number={index}
              row={row}
              columns={grid.columns.length}
              variables={grid.variables}
              isMaking={isMaking}
              run={run}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface AnswerRowProps extends Omit<AnswerTableProps, 'grid'> {
  number: number
  row: GridRow
  columns: number
  variables: readonly string[]
}

const AnswerRow = memo(({ number, row, columns, variables, isMaking, run, onOpen }: AnswerRowProps) => (
  <tr data-row={number}>
    <th scope="row">
      <span className="grid-number">{number + 1}</span>
      {variables.map((name) => (
        <span key={name} className="grid-value" title={row.values[name]}>
          <span className="visually-hidden">{name}: </span>
          {row.values[name]}
        </span>
      ))}
    </th>
    {Array.from({ length: columns }, (_, column) => (
      <AnswerCell
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is that of its column
        key={column}
        cell={row.cells[column]}
        row={number}
        column={column}
        isMaking={isMaking}
        run={run}
        onOpen={onOpen}
      />
    ))}
  </tr>
))

function Figures({ rows, column }: { rows: readonly GridRow[]; column: number }) {
  const figures = useMemo(() => {
    const jobs = rows.flatMap(({ cells }): CellJob[] => (cells[column] ? [cells[column].job] : []))
    return figuresOf(jobs)
  }, [rows, column])
  const { medianMs, p95Ms, tokens, cost, failed } = figures
  const shown = [
    ['median', medianMs === undefined ? '–' : seconds(medianMs)],
    ['p95', p95Ms === undefined ? '–' : seconds(p95Ms)],
    ['tokens', new Intl.NumberFormat('en').format(tokens)],
    ['cost', cost ?? '–'],
    ['failed', String(failed)],
  ] as const
  return (
    <dl className="grid-figures">
      {shown.map(([name, value]) => (
        <div key={name} data-failed={name === 'failed' && failed > 0 ? true : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

function moveFocus(event: KeyboardEvent<HTMLTableSectionElement>): void {
  const step = STEPS[event.key]
  const cell = event.target instanceof Element ? event.target.closest('td') : null
  if (!step || !cell?.parentElement) return
  const [down, right] = step
  const row = Number(cell.parentElement.dataset['row']) + down
  const next = event.currentTarget.querySelector<HTMLElement>(
    `tr[data-row="${row}"] > td:nth-child(${cell.cellIndex + right + 1}) button`,
  )
  if (!next) return
  event.preventDefault()
  next.focus()
}
