import { isFinalJob, type JobPage, type JobStatus, type JobSummary } from '@promptlab/client'

/** The jobs that the history shows, newest first, without a gap. */
export interface JobRows {
  /** Only jobs in this status; undefined: all. */
  readonly status: JobStatus | undefined
  readonly jobs: readonly JobSummary[]
  /** The cursor of the page behind the last job; null if there is none. */
  readonly cursor: string | null
}

export const NO_ROWS: JobRows = { status: undefined, jobs: [], cursor: null }

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

/** The rows after a change of a job, which may have come already. */
export function withChange(rows: JobRows, job: JobSummary): JobRows {
  const { status, jobs, cursor } = rows
  const index = jobs.findIndex(({ id }) => id === job.id)
  const known = jobs[index]
  // A list may be newer than a change that was under way. A final status never changes.
  if (known && isFinalJob(known) && !isFinalJob(job)) return rows
  if (status !== undefined && job.status !== status) return without(rows, job.id)
  if (known) return { ...rows, jobs: jobs.with(index, job) }
  const next = jobs.findIndex((each) => isNewer(job, each))
  if (next !== -1) return { ...rows, jobs: jobs.toSpliced(next, 0, job) }
  // Older than the last row: the next page has the job.
  return cursor === null ? { ...rows, jobs: [...jobs, job] } : rows
}

/** The rows without a job; the same rows if they do not have the job. */
export function without(rows: JobRows, id: string): JobRows {
  const jobs = rows.jobs.filter((job) => job.id !== id)
  return jobs.length === rows.jobs.length ? rows : { ...rows, jobs }
}

/** Whether the job comes before the other one in the lists of the server. */
function isNewer({ createdAt, id }: JobSummary, other: JobSummary): boolean {
  return createdAt === other.createdAt ? id > other.id : createdAt > other.createdAt
}
