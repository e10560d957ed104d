import { historyBytes } from '../../../jobs/job.ts'
import type { TurnIds, Turns, TurnsQuery } from '../../../jobs/ports/stored-values.ts'
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
  let bytes = bytesOf(entry)
  while (entry && turns.length < limit && (turns.length === 0 || bytes <= maxBytes)) {
    turns.push(entry)
    entry = shown(entry.previousJobId)
    bytes += bytesOf(entry)
  }
  return { jobs: turns.reverse().map(({ job }) => job), hasEarlier: entry !== undefined }
}

function bytesOf(entry: JobEntry | undefined): number {
  return entry ? entry.bytes + historyBytes(entry.history) : 0
}

/** The ids of the jobs of a conversation, as `JobRepository.findTurnIds` says. */
export function findTurnIds(stored: StoredJobs, id: string, limit: number): TurnIds {
  const ids: string[] = []
  for (let next: string | undefined = id; next !== undefined && ids.length < limit; ) {
    const entry: JobEntry | undefined = stored.get(next)
    if (!entry) return { ids, goneId: next }
    ids.push(next)
    next = entry.previousJobId
  }
  return { ids }
}
