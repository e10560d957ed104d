import { type ClipboardEvent, memo, useCallback } from 'react'
import { CloseIcon } from '../composer/icons.tsx'
import { MAX_ROWS, type Values } from './grid-plan.ts'
import { pasted, readTable } from './read-table.ts'

interface RowsTableProps {
  rows: readonly Values[]
  variables: readonly string[]
  onRows: (change: (rows: readonly Values[]) => readonly Values[]) => void
}

/** The values of the variables, a row for each filled-in prompt. Cells of a spreadsheet may be pasted from any cell on. */
export function RowsTable({ rows, variables, onRows }: RowsTableProps) {
  // `onRows` changes with each rendering, but does the same.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const change = useCallback(onRows, [])
  if (variables.length === 0) return <p className="grid-hint">The prompt has no variables: each row asks the same.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="grid-scroll grid-rows" aria-label="Rows" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Row</th>
            {variables.map((name) => (
              <th scope="col" key={name}>
                {name}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map((values, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is the row of its number, whatever is typed in it
            <Row key={row} row={row} values={values} variables={variables} onRows={change} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

interface RowProps extends Omit<RowsTableProps, 'rows'> {
  row: number
  values: Values
}

const Row = memo(({ row, values, variables, onRows }: RowProps) => {
  const paste = async (variable: string, text: string) => {
    const { lines } = await readTable(text, '\t')
    onRows((rows) => pasted(rows, lines, { row, variable }, variables, MAX_ROWS))
  }
  const onPaste = (event: ClipboardEvent, variable: string) => {
    const text = event.clipboardData.getData('text/plain')
    if (!/[\t\n]/.test(text.trimEnd())) return
    event.preventDefault()
    void paste(variable, text)
  }
  return (
    <tr>
      <th scope="row">{row + 1}</th>
      {variables.map((name) => (
        <td key={name}>
          <textarea
            rows={1}
            aria-label={`${name}, row ${row + 1}`}
            value={values[name] ?? ''}
            onPaste={(event) => onPaste(event, name)}
            onChange={({ target }) =>
              onRows((rows) => rows.map((each, at) => (at === row ? { ...each, [name]: target.value } : each)))
            }
          />
        </td>
      ))}
      <td>
        <button
          type="button"
          className="quiet"
          aria-label={`Remove row ${row + 1}`}
          onClick={() => onRows((rows) => rows.toSpliced(row, 1))}
        >
          <CloseIcon />
        </button>
      </td>
    </tr>
  )
})
