import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newJob, type StoredJob, startJob } from '../job.ts'
import { summaryOf } from '../job-summary.ts'
import type { ChangePosition, ChangeQuery, JobChange } from '../ports/job-changes.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import type { FeedEvent } from './feed-event.ts'
import type { FeedReader } from './feed-reader.ts'
import { JobFeed } from './job-feed.ts'

const AT = Date.parse('2026-11-27T12:00:00.000Z')

function aJob(id: string, at = Date.now(), owner?: string) {
  return newJob(id, { prompt: `Say ${id}`, provider: 'echo', model: 'echo' }, at, owner)
}

function changeOf(job: StoredJob): JobChange {
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
class Channel {
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

function openFeed({ channel }: { channel?: Channel } = {}) {
  const jobs = new Changes()
  const clock = { now: () => Date.now(), elapsed: () => performance.now() }
  const warn = vi.fn()
  const feed = new JobFeed({ jobs, clock, logger: { warn }, channel })
  return { jobs, feed, warn }
}

/** Opens a reader that notes all it gets. */
function read(feed: JobFeed, { caller, after }: { caller?: string; after?: ChangePosition } = {}) {
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

const settled = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers({
    now: AT,
    toFake: ['Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'clearTimeout'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('JobFeed', () => {
  it('makes nothing of a job while nobody reads', () => {
    const { feed } = openFeed()
    const job = new Proxy(aJob('a'), {
      get: (target, name) => {
        if (name === 'prompt') throw new Error('The prompt was read')
        return Reflect.get(target, name)
      },
    })
    feed.changed(job, true)
    read(feed).reader.close()
    feed.changed(job, true)
  })

  it('tells a job that starts at once as pending and as running', async () => {
    const { feed } = openFeed()
    const { told, events } = read(feed)
    feed.changed(startJob(aJob('a'), AT), true)
    await settled()
    expect(told()).toEqual(['a pending', 'a running'])
    expect(events[0]).toEqual({ cursor: { updatedAt: '2026-11-27T12:00:00.000Z', id: '' } })
  })

  it('gives all readers of a caller the same objects, and no other caller any', async () => {
    const { feed } = openFeed()
    const [one, other, bob] = [
      read(feed, { caller: 'ann' }),
      read(feed, { caller: 'ann' }),
      read(feed, { caller: 'bob' }),
    ]
    for (const id of ['a', 'b']) feed.changed(aJob(id, AT, 'ann'), true)
    await settled()
    expect(one.told()).toEqual(['a pending', 'b pending'])
    expect(one.batches[1]).toBe(other.batches[1])
    expect(bob.told()).toEqual([])
  })

  it('has no cursor that goes back, or that is later than now', async () => {
    const { feed } = openFeed()
    const { events } = read(feed)
    feed.changed(aJob('a', AT + 60_000), true)
    vi.setSystemTime(AT + 1_000)
    feed.changed(aJob('b', AT + 900), true)
    feed.changed(aJob('c', AT + 100), true)
    await settled()
    expect(events.slice(1).map(({ cursor }) => [cursor.updatedAt, cursor.id])).toEqual([
      ['2026-11-27T12:00:00.000Z', ''],
      ['2026-11-27T12:00:00.900Z', 'b'],
      ['2026-11-27T12:00:00.900Z', 'b'],
    ])
  })

  it('begins again 15 s before a cursor, page by page, and keeps the cursor until it is passed', async () => {
    const { feed, jobs } = openFeed()
    for (let index = 0; index < 250; index++) jobs.store(aJob(`job-${index}`, AT - 20_000 + index * 80))
    const after = { updatedAt: new Date(AT - 5_000).toISOString(), id: 'x' }
    const { events, told } = read(feed, { after })
    await settled()
    expect(told()).toHaveLength(250)
    expect(jobs.queries.map(({ limit }) => limit)).toEqual([100, 100, 100])
    expect(events[0]?.cursor).toEqual(after)
    expect(events[100]?.cursor).toEqual(after)
    expect(events.at(-1)?.cursor.id).toBe('job-249')
    feed.changed(aJob('live'), true)
    await settled()
    expect(told().at(-1)).toBe('live pending')
  })

  it('misses no change and tells no earlier state when a job changes while the store is read', async () => {
    const { feed, jobs } = openFeed()
    const gate = Promise.withResolvers<void>()
    jobs.gate = gate.promise
    const [early, late] = [aJob('early'), aJob('late')]
    jobs.store(startJob(early, AT + 1))
    const { told } = read(feed, { after: { updatedAt: new Date(AT).toISOString(), id: '' } })
    // The query has been answered already, and does not have this one.
    feed.changed(jobs.store(late), true)
    // The store shows a change a little before the process that made it is told so.
    feed.changed(early, true)
    feed.changed(startJob(early, AT + 1), false)
    gate.resolve()
    await settled()
    expect(told()).toEqual(['early running', 'late pending'])
  })

  it('shares one query among readers that come with one cursor, and none of them misses what came meanwhile', async () => {
    const { feed, jobs } = openFeed()
    const gate = Promise.withResolvers<void>()
    jobs.gate = gate.promise
    const after = { updatedAt: new Date(AT).toISOString(), id: '' }
    jobs.store(aJob('a'))
    const first = read(feed, { after })
    feed.changed(jobs.store(aJob('b')), true)
    const second = read(feed, { after })
    gate.resolve()
    await settled()
    expect(jobs.queries).toHaveLength(1)
    for (const { told } of [first, second]) expect(told()).toEqual(['a pending', 'b pending'])
    expect(first.batches[1]).toBe(second.batches[1])
  })

  it('goes on from the store when a reader falls behind', async () => {
    const { feed, jobs } = openFeed()
    const reader = feed.open(undefined, undefined, { onReady: () => {}, onError: () => {} })
    reader.read()
    for (let index = 0; index < 5_000; index++) feed.changed(jobs.store(aJob(`job-${index}`, AT + index)), true)
    vi.setSystemTime(AT + 5_000)
    const told = new Set<string>()
    for (let idle = 0; idle < 2; idle++) {
      for (let events = reader.read(); events.length > 0; events = reader.read()) {
        idle = 0
        expect(events.length).toBeLessThanOrEqual(100)
        for (const { job } of events) told.add(job?.id ?? '')
      }
      await settled()
    }
    expect(told.size).toBe(5_000)
  })

  it('waits for a store that is away, and reports any other error', async () => {
    vi.useRealTimers()
    const { feed, jobs } = openFeed()
    jobs.failures = 2
    jobs.store(aJob('a', AT))
    const after = { updatedAt: new Date(AT).toISOString(), id: '' }
    const waiting = read(feed, { after })
    await vi.waitUntil(() => waiting.told().length === 1)
    vi.spyOn(jobs, 'findChanged').mockRejectedValue(new Error('broken'))
    const failing = read(feed, { after })
    await vi.waitUntil(() => failing.reader.isDone)
    expect(failing.failures).toEqual([new Error('broken')])
  })

  it('keeps no text in memory but what it shows', async () => {
    vi.useRealTimers()
    const { feed } = openFeed()
    const { events } = read(feed)
    const before = liveBytes()
    for (let index = 0; index < 400; index++) {
      const prompt = `${index}`.repeat(100_000)
      feed.changed(newJob(`${index}`, { prompt, provider: 'echo', model: 'echo' }, AT), true)
    }
    await vi.waitUntil(() => events.length > 400)
    // All prompts together have more than 100 MB.
    expect(liveBytes() - before).toBeLessThan(20_000_000)
    expect(events).toHaveLength(401)
  })
})

describe('JobFeed of one of several processes', () => {
  it('publishes only while another process has readers', () => {
    const channel = new Channel()
    const { feed } = openFeed({ channel })
    feed.changed(aJob('a'), true)
    channel.isWanted = true
    feed.changed(aJob('b'), true)
    channel.isWanted = false
    feed.changed(aJob('c'), true)
    expect(channel.published.map(({ job }) => job.id)).toEqual(['b'])
  })

  it('listens and asks the store while it has readers, with one lookup for all of them', async () => {
    const channel = new Channel()
    const { feed, jobs } = openFeed({ channel })
    await vi.advanceTimersByTimeAsync(20_000)
    expect([channel.onChange, jobs.queries.length]).toEqual([undefined, 0])
    const readers = [read(feed), read(feed, { caller: 'ann' })]
    await vi.advanceTimersByTimeAsync(20_000)
    expect(channel.onChange).toBeDefined()
    expect(jobs.queries.map(({ owner, after }) => [owner, after.updatedAt])[0]).toEqual([
      undefined,
      new Date(AT + 25_000 - 15_000).toISOString(),
    ])
    expect(jobs.queries).toHaveLength(4)
    for (const { reader } of readers) reader.close()
    await vi.advanceTimersByTimeAsync(20_000)
    expect([channel.onChange, jobs.queries.length]).toEqual([undefined, 4])
  })

  it('tells a change once that comes as a message and from the store, and one of which no message came', async () => {
    const channel = new Channel()
    const { feed, jobs } = openFeed({ channel })
    const { told } = read(feed)
    const [own, sent, lost] = [aJob('own'), aJob('sent'), aJob('lost')]
    feed.changed(jobs.store(own), true)
    channel.onChange?.(changeOf(jobs.store(sent)))
    channel.onChange?.(changeOf(sent))
    jobs.store(startJob(lost, AT + 1))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(told()).toEqual(['own pending', 'sent pending'])
    await vi.advanceTimersByTimeAsync(30_000)
    expect(told()).toEqual(['own pending', 'sent pending', 'lost running'])
  })

  it('goes on when the store is away, and says so once', async () => {
    const channel = new Channel()
    const { feed, jobs, warn } = openFeed({ channel })
    const { told } = read(feed)
    jobs.failures = 2
    jobs.store(aJob('a', AT + 14_000))
    await vi.advanceTimersByTimeAsync(11_000)
    expect([warn.mock.calls.length, told()]).toEqual([1, []])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(told()).toEqual(['a pending'])
  })
})

/** The bytes of live memory. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('The garbage collector cannot be called')
  collect()
  return process.memoryUsage().heapUsed
}
