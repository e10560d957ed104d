import type { Turns, TurnsQuery } from '../../../jobs/ports/stored-values.ts'
import type { JobEntry } from './job-entry.ts'
import type { StoredJobs } from './stored-jobs.ts'

/** The newest jobs of a conversation, as `JobRepository.findTurns` says. */
export function findTurns(stored: StoredJobs, { id, owner, limit, maxBytes }: TurnsQuery): Turns {
  const shown = (id: string | undefined): JobEntry | undefined => {
    const entry = id === undefined ? undefined : stored.get(id)
    const isShown = entry?.deleteAfter === undefined && (owner === undefined || entry?.owner === owner)
    return isShown ? entry : undefined
  }
  const turns: JobEntry[] = []
  let entry = shown(id)
  let bytes = entry?.bytes ?? 0
  while (entry && turns.length < limit && (turns.length === 0 || bytes <= maxBytes)) {
    turns.push(entry)
    entry = shown(entry.previousJobId)
    bytes += entry?.bytes ?? 0
  }
  return { jobs: turns.reverse().map(({ job }) => job), hasEarlier: entry !== undefined }
}
