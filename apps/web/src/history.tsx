import type { JobMetrics, JobStatus, JobSummary } from '@promptlab/client'
import { useEffect, useState } from 'react'
import { client, explain } from './api.ts'
import { outcomeOf } from './outcome.ts'

interface HistoryProps {
  /** A new number loads the list again. */
  version: number
  shownIds: readonly string[]
  onDeleted: (id: string) => void
}

const STATUSES: readonly JobStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled']
const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })

/** The list of jobs, newest first. Each entry is a link that opens the job. */
export function History({ version, shownIds, onDeleted }: HistoryProps) {
  const [status, setStatus] = useState<JobStatus | undefined>()
  const [jobs, setJobs] = useState<readonly JobSummary[]>([])
  const [cursor, setCursor] = useState<string | null>(null)
  const [fault, setFault] = useState<string>()

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means that the list is out of date
  useEffect(() => {
    const leaving = new AbortController()
    const { signal } = leaving
    client.listPage({ ...(status && { status }), signal }).then(
      (page) => {
        setJobs(page.data)
        setCursor(page.nextCursor)
        setFault(undefined)
      },
      (error: unknown) => signal.aborted || setFault(explain(error).message),
    )
    return () => leaving.abort()
  }, [status, version])

  const more = async (after: string) => {
    const page = await client.listPage({ ...(status && { status }), cursor: after })
    setJobs((before) => [...before, ...page.data])
    setCursor(page.nextCursor)
  }
  const remove = async (id: string) => {
    await client.delete(id)
    setJobs((before) => before.filter((job) => job.id !== id))
    onDeleted(id)
  }
  const attempt = (work: Promise<void>) => void work.catch((error: unknown) => setFault(explain(error).message))

  return (
    <nav className="history" aria-label="History">
      <div className="history-head">
        <h2>History</h2>
        <select
          aria-label="Show jobs that are"
          value={status ?? ''}
          onChange={({ target }) => setStatus(STATUSES.find((each) => each === target.value))}
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
        </p>
      )}
      {jobs.length === 0 && !fault && <p className="hint">{status ? `No ${status} jobs.` : 'No jobs yet.'}</p>}
      <ul>
        {jobs.map((job) => (
          <li key={job.id}>
            <a href={`#${job.id}`} aria-current={shownIds.includes(job.id) ? 'true' : undefined}>
              <span className="excerpt">{excerptOf(job)}</span>
              <span className="about">
                <span className={`dot ${job.status} ${toneOf(job)}`} aria-hidden="true" />
                {statusOf(job)} · <time dateTime={job.createdAt}>{when(new Date(job.createdAt))}</time> · {job.model}
              </span>
            </a>
            {job.status !== 'pending' && job.status !== 'running' && (
              <button
                type="button"
                className="quiet"
                aria-label={`Delete “${excerptOf(job)}”`}
                onClick={() => attempt(remove(job.id))}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {cursor !== null && (
        <button type="button" className="quiet" onClick={() => attempt(more(cursor))}>
          Older jobs
        </button>
      )}
    </nav>
  )
}

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
