import type { JobQuery } from '../../../jobs/ports/stored-values.ts'
import type { JobEntry } from './job-entry.ts'

/** Whether a list shows a job. */
export function listedBy(query: Omit<JobQuery, 'limit'>): (entry: JobEntry) => boolean {
  const { status, provider, model, createdFrom, createdBefore, owner } = query
  const metadata = Object.entries(query.metadata ?? {})
  return (entry) =>
    entry.deleteAfter === undefined &&
    (owner === undefined || entry.owner === owner) &&
    (status === undefined || entry.status === status) &&
    (provider === undefined || entry.provider === provider) &&
    (model === undefined || entry.model === model) &&
    (createdFrom === undefined || entry.createdAt >= createdFrom) &&
    (createdBefore === undefined || entry.createdAt < createdBefore) &&
    metadata.every(([name, value]) => hasEntry(entry, name, value))
}

function hasEntry({ metadata }: JobEntry, name: string, value: string): boolean {
  return metadata !== undefined && Object.hasOwn(metadata, name) && metadata[name] === value
}
