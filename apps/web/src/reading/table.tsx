import type { Tokens } from 'marked'
import { memo } from 'react'
import { Inlines } from './inlines.tsx'

/** A table that scrolls sideways when it is wider than the page. */
export function Table({ table: { header, rows } }: { table: Tokens.Table }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll the table
    // biome-ignore lint/a11y/useSemanticElements: it is no set of fields
    <div className="table" role="group" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <Row cells={header} />
        </thead>
        <tbody>
          {rows.map((cells, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are only added at the end
            <Row key={index} cells={cells} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

const Row = memo(
  ({ cells }: { cells: readonly Tokens.TableCell[] }) => (
    <tr>
      {cells.map(({ tokens, align, text, header }, column) => {
        const Cell = header ? 'th' : 'td'
        return (
          <Cell
            // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
            key={column}
            dir="auto"
            {...(header && { scope: 'col' })}
            data-align={align ?? undefined}
            data-number={isNumber(text) || undefined}
          >
            <Inlines tokens={tokens} />
          </Cell>
        )
      })}
    </tr>
  ),
  // A table that grows is parsed as a whole, so its rows are new objects with the same texts.
  (before, after) =>
    before.cells.length === after.cells.length &&
    before.cells.every((cell, column) => {
      const other = after.cells[column]
      return cell === other || (cell.text === other?.text && cell.align === other.align && !cell.text.includes('['))
    }),
)

/** Whether a cell holds a number, with a sign or a unit, which must not be broken over lines. */
function isNumber(text: string): boolean {
  return /^[^\p{L}]{0,3}\d[\d.,'\u00A0\u202F ]*\s?[^\s\d]{0,4}$/u.test(text)
}
