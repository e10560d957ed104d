import { isFinalJob, type JobMetrics, type JobStatus, type JobSummary } from '@promptlab/client'
import { memo, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { JobHistory } from './job-history.ts'
import { outcomeOf } from './outcome.ts'

interface HistoryProps {
  /** A new number lists the jobs again, if changes do not come by themselves. */
  version: number
  shownIds: readonly string[]
  onDeleted: (id: string) => void
}

const STATUSES: readonly JobStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled']
const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })

/** The list of jobs, newest first, which shows changes as they happen. Each entry is a link that opens the job. */
export function History({ version, shownIds, onDeleted }: HistoryProps) {
  const [history] = useState(() => new JobHistory())
  const { status, jobs, cursor, isListed, fault, notice } = useSyncExternalStore(history.subscribe, history.view)
  useEffect(history.open, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means that a list without a feed is out of date
  useEffect(() => history.refresh(), [history, version])
  const deleted = useRef(onDeleted)
  deleted.current = onDeleted
  const remove = useCallback(
    async (id: string) => {
      if (await history.delete(id)) deleted.current(id)
    },
    [history],
  )

  return (
    <nav className="history" aria-label="History">
      <div className="history-head">
        <h2>History</h2>
        <select
          aria-label="Show jobs that are"
          value={status ?? ''}
          onChange={({ target }) => history.filter(STATUSES.find((each) => each === target.value))}
        >
          <option value="">all</option>
          {STATUSES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
      {fault && (
        <p className="fault" role="alert">
          {fault}
          <button type="button" onClick={history.restart}>
            Load again
          </button>
        </p>
      )}
      {notice && !fault && <p className="hint">Not live at the moment. {notice}</p>}
      {isListed && jobs.length === 0 && !fault && (
        <p className="hint">{status ? `No ${status} jobs.` : 'No jobs yet.'}</p>
      )}
      <ul>
        {jobs.map((job) => (
          <Row key={job.id} job={job} isShown={shownIds.includes(job.id)} onDelete={remove} />
        ))}
      </ul>
      {cursor !== null && (
        <button type="button" className="quiet" onClick={() => void history.more()}>
          Older jobs
        </button>
      )}
    </nav>
  )
}

interface RowProps {
  job: JobSummary
  isShown: boolean
  onDelete: (id: string) => Promise<void>
}

/** A change of one job renders its row alone. */
const Row = memo(function Row({ job, isShown, onDelete }: RowProps) {
  return (
    <li>
      <a href={`#${job.id}`} aria-current={isShown ? 'true' : undefined}>
        <span className="excerpt">{excerptOf(job)}</span>
        <span className="about">
          <span className={`dot ${job.status} ${toneOf(job)}`} aria-hidden="true" />
          {statusOf(job)} · <time dateTime={job.createdAt}>{when(new Date(job.createdAt))}</time> · {job.model}
        </span>
      </a>
      {isFinalJob(job) && (
        <button
          type="button"
          className="quiet"
          aria-label={`Delete “${excerptOf(job)}”`}
          onClick={() => void onDelete(job.id)}
        >
          ×
        </button>
      )}
    </li>
  )
})

/** The beginning of the prompt. Never empty, as it is the text of a link: a prompt may begin with a long blank. */
function excerptOf({ prompt, promptLength }: JobSummary): string {
  return `${prompt.trim()}${promptLength > prompt.length ? '…' : ''}`
}

/** The status; of a job that completed, how its answer ended. */
function statusOf(job: JobSummary): string {
  return outcomeOf(job.status, metricsOf(job))?.word.toLowerCase() ?? job.status
}

function toneOf(job: JobSummary): string {
  return outcomeOf(job.status, metricsOf(job))?.tone ?? ''
}

function metricsOf(job: JobSummary): JobMetrics | undefined {
  return 'metrics' in job ? job.metrics : undefined
}

/** The time of day of a moment today, and the date of any other. The entry has little room. */
function when(moment: Date): string {
  return (moment.toDateString() === new Date().toDateString() ? TIME : DAY).format(moment)
}
