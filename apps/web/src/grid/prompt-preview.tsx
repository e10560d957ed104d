import { useState } from 'react'
import { filledDraft, type GridPlan } from './grid-plan.ts'

/** What a row asks, with its values filled in. */
export function PromptPreview({ plan: { draft, rows } }: { plan: GridPlan }) {
  const [chosen, setRow] = useState(0)
  const row = Math.min(chosen, rows.length - 1)
  const { prompt, options } = filledDraft(draft, rows[row] ?? {})
  return (
    <details className="grid-preview">
      <summary>Preview</summary>
      <div className="grid-actions">
        <button type="button" disabled={row <= 0} onClick={() => setRow(row - 1)}>
          Row before
        </button>
        <span>
          Row {row + 1} of {rows.length}
        </span>
        <button type="button" disabled={row >= rows.length - 1} onClick={() => setRow(row + 1)}>
          Next row
        </button>
      </div>
      {options.system !== '' && <pre className="grid-system">{options.system}</pre>}
      <pre>{prompt}</pre>
    </details>
  )
}
