import { isFinalJob, type JobSummary } from '@promptlab/client'

/** One row of the history: a job, or jobs that belong together. */
export interface JobGroup {
  /** The id of one of the jobs. It stays while the group grows and shrinks, as long as it has this job. */
  readonly key: string
  readonly kind: 'job' | 'conversation' | 'comparison' | 'grid'
  /** Newest first. */
  readonly jobs: readonly JobSummary[]
  /** What the row opens: the fragment of an address. */
  readonly address: string
  /** Turns of the longest conversation that the row opens, as far as it is known. */
  readonly turns: number
  /** Whether the conversation begins before the jobs that are known. */
  readonly isCut: boolean
}

const NO_GROUPS: readonly JobGroup[] = []

/** How many jobs the page shows side by side. */
const MOST_SHOWN = 4

/**
 * Divides jobs into rows, which come in the order of their newest jobs: those of a grid, those of a comparison, and those that go
 * on with each other or were made of each other. Other groups than `before` are made only where something has changed.
 * @param jobs newest first
 * @param before the groups of the same jobs as they were
 */
export function groupsOf(jobs: readonly JobSummary[], before: readonly JobGroup[] = NO_GROUPS): readonly JobGroup[] {
  const earlier = new Map<string, JobGroup>()
  for (const group of before) earlier.set(group.key, group)
  return membersOf(jobs).map((members) => {
    const group = earlierOf(members, earlier)
    if (group && isSame(group.jobs, members)) return group
    return groupOf(group?.key ?? members[0].id, members)
  })
}

type Members = [JobSummary, ...JobSummary[]]

function earlierOf(members: Members, earlier: ReadonlyMap<string, JobGroup>): JobGroup | undefined {
  for (const { id } of members) {
    const group = earlier.get(id)
    if (group) return group
  }
  return undefined
}

/** The members of each group, in the order of their newest ones. */
function membersOf(jobs: readonly JobSummary[]): Members[] {
  const sets = new Sets(jobs)
  if (!sets.hasUnited) return jobs.map((job) => [job])
  const found = new Map<number, Members>()
  jobs.forEach((job, index) => {
    const set = sets.rootOf(index)
    const members = found.get(set)
    if (members) members.push(job)
    else found.set(set, [job])
  })
  return [...found.values()]
}

/** Disjoint sets of the places of jobs, in which jobs that belong together are united. */
class Sets {
  readonly #parents: number[]
  #hasUnited = false

  constructor(jobs: readonly JobSummary[]) {
    this.#parents = jobs.map((_, index) => index)
    // Made when a job refers to another one: most do not, and all of this runs at each change of a job.
    let ids: ReadonlyMap<string, number> | undefined
    const shared = new Map<string, number>()
    jobs.forEach((job, index) => {
      const name = sharedName(job)
      if (name !== undefined) {
        const first = shared.get(name)
        if (first === undefined) shared.set(name, index)
        else this.#unite(index, first)
      }
      if (gridOf(job) !== undefined) return
      for (const id of [job.previousJobId, sourceOf(job)]) {
        if (id === undefined) continue
        ids ??= placesOf(jobs)
        const place = ids.get(id)
        const other = place === undefined ? undefined : jobs[place]
        // A conversation that goes on with an answer of a grid has a row of its own.
        if (place !== undefined && other && gridOf(other) === undefined) this.#unite(index, place)
      }
    })
  }

  /** Whether any two jobs belong together. */
  get hasUnited(): boolean {
    return this.#hasUnited
  }

  rootOf(index: number): number {
    let root = index
    while (this.#parents[root] !== root) root = this.#parents[root] ?? root
    // Each lookup shortens the way of the next one.
    this.#parents[index] = root
    return root
  }

  #unite(one: number, other: number): void {
    this.#hasUnited = true
    this.#parents[this.rootOf(one)] = this.rootOf(other)
  }
}

/** The place of each job, by its id. */
function placesOf(jobs: readonly JobSummary[]): Map<string, number> {
  const places = new Map<string, number>()
  for (const [place, { id }] of jobs.entries()) places.set(id, place)
  return places
}

/** What the jobs of a grid, or of a comparison, have in common. */
function sharedName(job: JobSummary): string | undefined {
  const grid = gridOf(job)
  if (grid !== undefined) return `grid ${grid}`
  const comparison = comparisonOf(job)
  return comparison && `comparison ${comparison}`
}

function groupOf(key: string, jobs: Members): JobGroup {
  const grid = gridOf(jobs[0])
  if (grid !== undefined) return { key, kind: 'grid', jobs, address: `grid/${grid}`, turns: 1, isCut: false }
  if (jobs.length === 1) {
    const isCut = jobs[0].previousJobId !== undefined
    const kind = isCut ? 'conversation' : 'job'
    return { key, kind, jobs, address: jobs[0].id, turns: isCut ? 2 : 1, isCut }
  }
  const threads = threadsOf(jobs)
  const shown = shownOf(jobs, threads)
  const address = shown.map(({ id }) => id).join(',')
  const opened = shown.map(({ id }) => threads.get(id))
  return {
    key,
    kind: shown.length > 1 ? 'comparison' : 'conversation',
    jobs,
    address,
    turns: Math.max(...opened.map((thread) => thread?.turns ?? 1)),
    isCut: opened.some((thread) => thread?.isCut),
  }
}

/** Where a job stands in its thread: jobs that go on with each other or were made of each other. */
interface Place {
  /** The first known job of the thread. */
  readonly first: JobSummary
  /** The turns up to the job. */
  readonly turns: number
  readonly isCut: boolean
}

function threadsOf(jobs: Members): Map<string, Place> {
  const places = new Map<string, Place>()
  // Oldest first, so that a job comes behind those that it refers to.
  for (const job of jobs.toReversed()) {
    const previous = places.get(job.previousJobId ?? '')
    const source = places.get(sourceOf(job) ?? '')
    if (previous) places.set(job.id, { ...previous, turns: previous.turns + 1 })
    else if (source) places.set(job.id, source)
    else {
      const isCut = job.previousJobId !== undefined
      places.set(job.id, { first: job, turns: isCut ? 2 : 1, isCut })
    }
  }
  return places
}

/**
 * The newest job of each thread, in the order in which the threads were begun. Jobs that go on with one answer in several models
 * are shown together.
 */
function shownOf(jobs: Members, threads: ReadonlyMap<string, Place>): JobSummary[] {
  const gone = new Set(jobs.flatMap((job) => [job.previousJobId, sourceOf(job)]))
  const newest = new Map<string, JobSummary>()
  const shown: JobSummary[] = []
  for (const job of jobs) {
    if (gone.has(job.id)) continue
    const thread = threads.get(job.id)?.first.id ?? job.id
    const leader = newest.get(thread)
    if (!leader) newest.set(thread, job)
    else if (comparisonOf(leader) === undefined || comparisonOf(job) !== comparisonOf(leader)) continue
    shown.push(job)
  }
  // Oldest first, and then by thread: sorting keeps the order of what is equal.
  const begun = new Map(jobs.toReversed().map(({ id }, place) => [id, place]))
  const placeOf = ({ id }: JobSummary) => begun.get(threads.get(id)?.first.id ?? id) ?? 0
  return shown
    .reverse()
    .sort((one, other) => placeOf(one) - placeOf(other))
    .slice(0, MOST_SHOWN)
}

/** The jobs of the group that go on. */
export function goingOn({ jobs }: JobGroup): JobSummary[] {
  return jobs.filter((job) => !isFinalJob(job))
}

function gridOf({ metadata }: JobSummary): string | undefined {
  return metadata?.['grid']
}

function comparisonOf({ metadata }: JobSummary): string | undefined {
  return metadata?.['comparison']
}

function sourceOf({ rerunOf, forkOf }: JobSummary): string | undefined {
  return rerunOf ?? forkOf?.jobId
}

function isSame<Each>(some: readonly Each[], others: readonly Each[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index])
}
