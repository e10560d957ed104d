import type { JobSummary } from '@promptlab/client'

/** The questions that were asked in one place of a conversation. */
export interface Branches {
  /** The newest job of each branch, oldest branch first. */
  readonly ends: readonly string[]
  /** Which of them is shown. */
  readonly index: number
}

type BranchJob = Pick<JobSummary, 'id' | 'previousJobId' | 'createdAt'>

/** The branches at each job of a conversation, by the job's id. Jobs without others in their place are left out. */
export function branchesOf(jobs: readonly BranchJob[]): ReadonlyMap<string, Branches> {
  const oldestFirst = jobs.toSorted((one, other) =>
    one.createdAt === other.createdAt ? (one.id < other.id ? -1 : 1) : one.createdAt < other.createdAt ? -1 : 1,
  )
  const known = new Set(jobs.map(({ id }) => id))
  const byPrevious = new Map<string, BranchJob[]>()
  for (const job of oldestFirst) {
    // Jobs whose previous job is not known are in one place: the beginning.
    const place = job.previousJobId !== undefined && known.has(job.previousJobId) ? job.previousJobId : ''
    byPrevious.set(place, [...(byPrevious.get(place) ?? []), job])
  }
  // The newest job has no later one that goes on with it, so the ends of later jobs are known first.
  const ends = new Map<string, string>()
  for (const { id } of oldestFirst.toReversed()) {
    const next = byPrevious.get(id)?.at(-1)
    ends.set(id, next ? (ends.get(next.id) ?? next.id) : id)
  }
  const branches = new Map<string, Branches>()
  for (const siblings of byPrevious.values()) {
    if (siblings.length < 2) continue
    const all = siblings.map(({ id }) => ends.get(id) ?? id)
    for (const [index, { id }] of siblings.entries()) branches.set(id, { ends: all, index })
  }
  return branches
}
