import { isFinalJob, type JobPage, type JobSummary } from '@promptlab/client'
import type { HistoryQuery } from './history-filters.ts'
import { matches } from './job-match.ts'

/** The jobs that the history knows, newest first, without a gap. */
export interface JobRows {
  /** What the jobs match. */
  readonly query: HistoryQuery
  readonly jobs: readonly JobSummary[]
  /** The cursor of the page behind the last job; null if there is none. */
  readonly cursor: string | null
}

export const NO_ROWS: JobRows = { query: {}, jobs: [], cursor: null }

/** The rows with the first page as it is now. Rows of later pages stay if they still follow the first page. */
export function withFirstPage(rows: JobRows, { data, nextCursor }: JobPage): JobRows {
  const last = nextCursor === null ? undefined : data.at(-1)
  const end = rows.jobs.findIndex(({ id }) => id === last?.id)
  if (end === -1) return { ...rows, jobs: data, cursor: nextCursor }
  return { ...rows, jobs: [...data, ...rows.jobs.slice(end + 1)] }
}

/** The rows with the page behind the last one. */
export function withNextPage(rows: JobRows, { data, nextCursor }: JobPage): JobRows {
  return { ...rows, jobs: [...rows.jobs, ...data], cursor: nextCursor }
}

/** The rows of another query, as far as they are known before the server has answered. */
export function withQuery({ jobs }: JobRows, query: HistoryQuery): JobRows {
  return { query, jobs: jobs.filter((job) => matches(query, job) !== false), cursor: null }
}

/** The rows after a change of a job, which may have come already. A job that only the server can match is not added. */
export function withChange(rows: JobRows, job: JobSummary): JobRows {
  const { query, jobs, cursor } = rows
  const index = jobs.findIndex(({ id }) => id === job.id)
  const known = jobs[index]
  // A list may be newer than a change that was under way. A final status never changes.
  if (known && isFinalJob(known) && !isFinalJob(job)) return rows
  const isMatch = matches(query, job)
  if (isMatch === false) return known ? { ...rows, jobs: jobs.toSpliced(index, 1) } : rows
  if (known) return { ...rows, jobs: jobs.with(index, job) }
  if (isMatch === undefined) return rows
  const next = jobs.findIndex((each) => isNewer(job, each))
  if (next !== -1) return { ...rows, jobs: jobs.toSpliced(next, 0, job) }
  // Older than the last row: the next page has the job.
  return cursor === null ? { ...rows, jobs: [...jobs, job] } : rows
}

/** Whether the job comes before the other one in the lists of the server. */
export function isNewer({ createdAt, id }: JobKey, other: JobKey): boolean {
  return createdAt === other.createdAt ? id > other.id : createdAt > other.createdAt
}

type JobKey = Pick<JobSummary, 'createdAt' | 'id'>
