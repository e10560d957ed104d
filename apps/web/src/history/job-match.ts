import type { JobSummary } from '@promptlab/client'
import type { HistoryQuery } from './history-filters.ts'

/**
 * Whether a list with this query has the job. Of a search only the server knows: it looks through whole prompts and answers.
 * @returns undefined if the server must be asked
 */
export function matches(query: HistoryQuery, job: JobSummary): boolean | undefined {
  const { search, status, model, createdFrom, createdBefore, metadata = {} } = query
  const createdAt = Date.parse(job.createdAt)
  const isInside =
    (status === undefined || job.status === status) &&
    (model === undefined || job.model === model) &&
    (createdFrom === undefined || createdAt >= Date.parse(createdFrom)) &&
    (createdBefore === undefined || createdAt < Date.parse(createdBefore)) &&
    Object.entries(metadata).every(([name, value]) => job.metadata?.[name] === value)
  return isInside && search !== undefined ? undefined : isInside
}
