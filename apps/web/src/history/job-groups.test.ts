import type { JobSummary } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { groupsOf, type JobGroup } from './job-groups.ts'
import { isNewer } from './job-rows.ts'

type Links = Pick<JobSummary, 'previousJobId' | 'rerunOf' | 'forkOf' | 'metadata'>

/** A job that was made in this second. */
function job(second: number, links: Links = {}): JobSummary {
  const at = new Date(Date.UTC(2026, 10, 27) + second * 1000).toISOString()
  const paths = { self: '', cancel: '', stream: '' }
  return {
    id: `job-${second}`,
    prompt: `Question ${second}`,
    promptLength: 10,
    provider: 'echo',
    model: 'echo',
    status: 'pending',
    createdAt: at,
    updatedAt: at,
    links: paths,
    ...links,
  }
}

const newestFirst = (jobs: readonly JobSummary[]) => jobs.toSorted((one, other) => (isNewer(one, other) ? -1 : 1))
const grouped = (...jobs: JobSummary[]) => groupsOf(newestFirst(jobs))
const idsOf = ({ jobs }: JobGroup) => jobs.map(({ id }) => id)
const withoutKey = (group: JobGroup) => ({ ...group, key: '' })
const [compared, inGrid] = [{ metadata: { comparison: 'c' } }, { metadata: { grid: 'g' } }]

describe('job groups', () => {
  it('open a job alone by its id', () => {
    expect(grouped(job(1), job(2))).toMatchObject([
      { kind: 'job', address: 'job-2', turns: 1 },
      { kind: 'job', address: 'job-1', turns: 1 },
    ])
  })

  it('open a comparison side by side, in the order in which its jobs were made, up to four', () => {
    const jobs = [3, 1, 5, 2, 4].map((second) => job(second, compared))
    expect(grouped(...jobs)).toMatchObject([{ kind: 'comparison', address: 'job-1,job-2,job-3,job-4' }])
  })

  it('are one row for a grid, which is opened by its own id', () => {
    const [group] = grouped(job(1, inGrid), job(2, inGrid), job(3, inGrid))
    expect(group).toMatchObject({ kind: 'grid', address: 'grid/g' })
    expect(group?.jobs.length).toBe(3)
  })

  it('leave a conversation that goes on with an answer of a grid in a row of its own', () => {
    expect(grouped(job(1, inGrid), job(2, { previousJobId: 'job-1' })).map(({ kind }) => kind)).toEqual([
      'conversation',
      'grid',
    ])
  })

  it('are one row for a conversation, which opens its newest turn', () => {
    const groups = grouped(job(1), job(2, { previousJobId: 'job-1' }), job(3, { previousJobId: 'job-2' }))
    expect(groups).toMatchObject([{ kind: 'conversation', address: 'job-3', turns: 3, isCut: false }])
  })

  it('open the newest of the branches of a conversation', () => {
    const turns = [job(1), job(2, { previousJobId: 'job-1' }), job(3, { previousJobId: 'job-2' })]
    const edited = job(4, { previousJobId: 'job-1' })
    expect(grouped(...turns, edited)).toMatchObject([{ address: 'job-4', turns: 2 }])
    const again = job(5, { rerunOf: 'job-3', previousJobId: 'job-2' })
    expect(grouped(...turns, edited, again)).toMatchObject([{ address: 'job-5', turns: 3 }])
    const forked = job(6, { forkOf: { jobId: 'job-1', at: 3 } })
    expect(grouped(...turns, edited, again, forked)).toMatchObject([{ address: 'job-6', turns: 1 }])
  })

  it('open the newest turn of each conversation of a comparison, in the order in which they were begun', () => {
    const first = [1, 2, 3].map((second) => job(second, compared))
    const next = [job(4, { previousJobId: 'job-3' }), job(5, { previousJobId: 'job-1' })]
    expect(grouped(...first, ...next)).toMatchObject([{ kind: 'comparison', address: 'job-5,job-2,job-4', turns: 2 }])
  })

  it('open the answers of several models to the same next question side by side', () => {
    const next = [2, 3].map((second) => job(second, { ...compared, previousJobId: 'job-1' }))
    expect(grouped(job(1), ...next)).toMatchObject([{ address: 'job-2,job-3', turns: 2 }])
  })

  it('say that a conversation begins earlier while its first turn is not known', () => {
    expect(grouped(job(3, { previousJobId: 'job-2' }))).toMatchObject([
      { kind: 'conversation', turns: 2, isCut: true, address: 'job-3' },
    ])
  })

  it('keep the key of a row when a newer turn comes, when older ones are loaded, and when rows become one', () => {
    const [two, three] = [job(2, { previousJobId: 'job-1' }), job(3, { previousJobId: 'job-2' })]
    const cut = grouped(two)
    const grown = groupsOf([three, two], cut)
    const whole = groupsOf([three, two, job(1)], grown)
    expect([cut, grown, whole].map(([group]) => group?.key)).toEqual(['job-2', 'job-2', 'job-2'])
    const apart = grouped(job(1), three)
    expect(groupsOf([three, two, job(1)], apart).map(({ key }) => key)).toEqual(['job-3'])
  })

  it('are the same objects where nothing has changed', () => {
    const jobs = newestFirst([job(1), job(2), job(3, compared), job(4, compared)])
    const before = groupsOf(jobs)
    const changed = groupsOf(jobs.with(0, job(4, compared)), before)
    expect(changed[0]).not.toBe(before[0])
    expect(changed.slice(1)).toEqual(before.slice(1))
    expect(changed[1]).toBe(before[1])
    expect(changed[2]).toBe(before[2])
  })

  it('are the same after any order in which random jobs arrive and go, with keys of their own that stay', () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = randomOf(seed)
    const below = (bound: number) => Math.floor(random() * bound)
    for (let round = 0; round < 60; round++) {
      let known: readonly JobSummary[] = []
      let groups: readonly JobGroup[] = []
      for (const next of randomJobs(below(40) + 1, below).toSorted(() => random() - 0.5)) {
        known = newestFirst([...known, next])
        if (below(6) === 0) known = known.toSpliced(below(known.length), 1)
        const before = groups
        groups = groupsOf(known, before)
        expectSound(groups, known, `seed ${seed}, round ${round}`)
        expectSameKeys(groups, before, `seed ${seed}, round ${round}`)
      }
    }
  })

  it('say what they said when the list was cut by a page and the next page has come', () => {
    const jobs = newestFirst(randomJobs(200, (bound) => Math.floor(Math.random() * bound)))
    let groups: readonly JobGroup[] = []
    for (let end = 20; end <= 200; end += 20) groups = groupsOf(jobs.slice(0, end), groups)
    expect(groups.map((group) => ({ ...group, key: '' }))).toEqual(
      groupsOf(jobs).map((group) => ({ ...group, key: '' })),
    )
  })

  it('take less than 60 ms of 10,000 jobs, and less when one has changed', () => {
    const jobs = newestFirst(randomJobs(10_000, (bound) => Math.floor(Math.random() * bound)))
    const before = groupsOf(jobs)
    groupsOf(jobs, before)
    const first = leastMs(() => groupsOf(jobs))
    const again = leastMs(() => groupsOf(jobs.with(100, { ...(jobs[100] ?? job(1)), status: 'pending' }), before))
    expect(first).toBeLessThan(60)
    expect(again).toBeLessThan(60)
  })
})

/** The groups have each job once, and are as if all jobs had come at once, besides their keys. */
function expectSound(groups: readonly JobGroup[], jobs: readonly JobSummary[], where: string): void {
  expect(groups.map(withoutKey), where).toEqual(groupsOf(jobs).map(withoutKey))
  expect(groups.flatMap(idsOf).sort(), where).toEqual(jobs.map(({ id }) => id).sort())
  for (const group of groups) expect(idsOf(group), where).toContain(group.key)
  const newest = groups.flatMap(({ jobs: [first] }) => first ?? [])
  expect(newest, where).toEqual(newestFirst(newest))
}

/** Each group that has the job by which an earlier one was named is still named by one of those. */
function expectSameKeys(groups: readonly JobGroup[], before: readonly JobGroup[], where: string): void {
  for (const group of groups) {
    const earlier = before.map(({ key }) => key).filter((key) => idsOf(group).includes(key))
    if (earlier.length > 0) expect(earlier, where).toContain(group.key)
  }
}

/** The time of the fastest of five calls, in milliseconds. */
function leastMs(work: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const before = performance.now()
      work()
      return performance.now() - before
    }),
  )
}

/** Jobs of all kinds, each of which refers to earlier ones. */
function randomJobs(count: number, below: (bound: number) => number): JobSummary[] {
  return Array.from({ length: count }, (_, second) => {
    const earlier = `job-${below(second + 1)}`
    const kinds: Links[] = [
      {},
      { previousJobId: earlier },
      { rerunOf: earlier },
      { forkOf: { jobId: earlier, at: 1 } },
      { metadata: { comparison: `c${below(1 + count / 4)}` } },
      { metadata: { comparison: `c${below(1 + count / 4)}` }, previousJobId: earlier },
      { metadata: { grid: `g${below(1 + count / 10)}` } },
    ]
    return job(second + 1, second === 0 ? {} : kinds[below(kinds.length)])
  })
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
