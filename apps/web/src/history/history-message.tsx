import type { HistoryView } from './job-history.ts'

interface HistoryMessageProps {
  view: HistoryView
  /** Whether no row is shown. */
  isEmpty: boolean
  /** The search whose rows are shown; '' if there is none. */
  search: string
  /** What could not be deleted, and why. */
  deletionFault: string | undefined
  onLoad: () => void
  onClear: () => void
  /** Called when the fault of a deletion was read. */
  onRead: () => void
}

/** What the history says instead of its rows, or about them. */
export function HistoryMessage({ view, isEmpty, search, deletionFault, onLoad, onClear, onRead }: HistoryMessageProps) {
  const { fault, notice, isListed } = view
  return (
    <>
      {fault && (
        <p className="fault" role="alert">
          {fault.isRefused ? `The server does not take these filters. ${fault.message}` : fault.message}
          <button type="button" onClick={fault.isRefused ? onClear : onLoad}>
            {fault.isRefused ? 'Clear all filters' : 'Load again'}
          </button>
        </p>
      )}
      {deletionFault && (
        <p className="fault" role="alert">
          {deletionFault}
          <button type="button" onClick={onRead}>
            Close
          </button>
        </p>
      )}
      {notice && !fault && <p className="hint">Not live at the moment. {notice}</p>}
      {!isListed && !fault && isEmpty && <p className="hint history-loading">Loading …</p>}
      <div role="status">
        {isListed && !fault && isEmpty && <Nothing view={view} search={search} onClear={onClear} />}
      </div>
    </>
  )
}

function Nothing({ view: { query }, search, onClear }: Pick<HistoryMessageProps, 'view' | 'search' | 'onClear'>) {
  const { status, ...others } = query
  if (Object.keys(query).length === 0)
    return (
      <p className="hint">
        <strong>No jobs yet.</strong> Each question that you run appears here, and so does each job that is made with
        your API key elsewhere.
      </p>
    )
  return (
    <p className="hint">
      {nothingOf(status, Object.keys(others).length > 0, search)}{' '}
      <button type="button" onClick={onClear}>
        Show all jobs
      </button>
    </p>
  )
}

function nothingOf(status: string | undefined, hasOthers: boolean, search: string): string {
  if (!hasOthers) return `No ${status} jobs.`
  return search === '' ? 'No job passes these filters.' : `Nothing found for “${search}”.`
}
