import { afterEach, beforeEach, vi } from 'vitest'
import type { FeedEvent } from '../../src/jobs/feed/feed-event.ts'
import type { FeedReader } from '../../src/jobs/feed/feed-reader.ts'
import { JobFeed } from '../../src/jobs/feed/job-feed.ts'
import { newJob, type StoredJob } from '../../src/jobs/job.ts'
import { summaryOf } from '../../src/jobs/job-summary.ts'
import type { ChangePosition, ChangeQuery, JobChange } from '../../src/jobs/ports/job-changes.ts'
import { StorageUnavailableError } from '../../src/jobs/ports/storage-errors.ts'

export const AT = Date.parse('2026-11-27T12:00:00.000Z')

/** A job that waits. */
export function aJob(id: string, at = Date.now(), owner?: string) {
  return newJob(id, { prompt: `Say ${id}`, provider: 'echo', model: 'echo' }, at, owner)
}

/** The change that a store has of a job. */
export function changeOf(job: StoredJob): JobChange {
  return { job: summaryOf(job), owner: job.owner, position: { updatedAt: job.updatedAt, id: job.id } }
}

/** Changes in the test's hands, in the place of a store. */
class Changes {
  readonly stored: JobChange[] = []
  readonly queries: ChangeQuery[] = []
  /** Awaited by each query when its answer is made. */
  gate: Promise<unknown> | undefined
  failures = 0

  async findChanged(query: ChangeQuery): Promise<JobChange[]> {
    this.queries.push(query)
    if (this.failures-- > 0) throw new StorageUnavailableError()
    const { after, owner, limit } = query
    const found = this.stored
      .filter(({ position }) => isBehind(position, after))
      .filter((change) => owner === undefined || change.owner === owner)
      .sort((one, other) => (isBehind(one.position, other.position) ? 1 : -1))
      .slice(0, limit)
    await this.gate
    return found
  }

  store(job: StoredJob): StoredJob {
    const index = this.stored.findIndex((change) => change.job.id === job.id)
    if (index >= 0) this.stored.splice(index, 1)
    this.stored.push(changeOf(job))
    return job
  }
}

function isBehind(one: ChangePosition, other: ChangePosition): boolean {
  return one.updatedAt === other.updatedAt ? one.id > other.id : one.updatedAt > other.updatedAt
}

/** The other processes of a cluster, in the test's hands. */
export class OtherProcesses {
  isWanted = false
  readonly published: JobChange[] = []
  onChange: ((change: JobChange) => void) | undefined

  publish(change: JobChange): void {
    this.published.push(change)
  }

  listen(onChange: (change: JobChange) => void): () => void {
    this.onChange = onChange
    return () => {
      this.onChange = undefined
    }
  }

  async close(): Promise<void> {}
}

/** A feed over changes in the test's hands. */
export function openFeed({ channel }: { channel?: OtherProcesses } = {}) {
  const jobs = new Changes()
  const clock = { now: () => Date.now(), elapsed: () => performance.now() }
  const warn = vi.fn()
  const feed = new JobFeed({ jobs, clock, logger: { warn }, channel })
  return { jobs, feed, warn }
}

/** Opens a reader that notes all it gets. */
export function readFeed(
  feed: JobFeed,
  { caller, after }: { caller?: string; after?: ChangePosition | undefined } = {},
) {
  const events: FeedEvent[] = []
  const batches: (readonly FeedEvent[])[] = []
  const failures: unknown[] = []
  const take = () => {
    for (let batch = reader.read(); batch.length > 0; batch = reader.read()) {
      events.push(...batch)
      batches.push(batch)
    }
  }
  const reader: FeedReader = feed.open(caller, after, { onReady: take, onError: (error) => failures.push(error) })
  take()
  const told = () => events.flatMap(({ job }) => (job ? [`${job.id} ${job.status}`] : []))
  return { reader, events, batches, failures, told, take }
}

/** Fakes the clock and the timers of each test in a file. */
export function useFeedTimers(): void {
  beforeEach(() => {
    vi.useFakeTimers({
      now: AT,
      toFake: ['Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'clearTimeout'],
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
}
