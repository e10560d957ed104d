import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { AT, aJob, openFeed, readFeed, useFeedTimers } from '../../../test/support/feed-in-hand.ts'
import { newJob, startJob } from '../job.ts'
import type { ChangePosition } from '../ports/job-changes.ts'

useFeedTimers()

const settled = () => vi.advanceTimersByTimeAsync(0)

describe('JobFeed', () => {
  it('makes nothing of a job while nobody reads', () => {
    const { feed } = openFeed()
    const wasRead: PropertyKey[] = []
    const job = new Proxy(aJob('a'), {
      get: (target, name) => {
        wasRead.push(name)
        return Reflect.get(target, name)
      },
    })
    feed.changed(job, true)
    readFeed(feed).reader.close()
    feed.changed(job, true)
    expect(wasRead).not.toContain('prompt')
  })

  it('tells a job that starts at once as pending and as running', async () => {
    const { feed } = openFeed()
    const { told, events } = readFeed(feed)
    feed.changed(startJob(aJob('a'), AT), true)
    await settled()
    expect(told()).toEqual(['a pending', 'a running'])
    expect(events[0]).toEqual({ cursor: { updatedAt: '2026-11-27T11:59:45.000Z', id: '' } })
  })

  it('gives all readers of a caller the same objects, and no other caller any', async () => {
    const { feed } = openFeed()
    const [one, other, bob] = [
      readFeed(feed, { caller: 'ann' }),
      readFeed(feed, { caller: 'ann' }),
      readFeed(feed, { caller: 'bob' }),
    ]
    for (const id of ['a', 'b']) feed.changed(aJob(id, AT, 'ann'), true)
    await settled()
    expect(one.told()).toEqual(['a pending', 'b pending'])
    expect(one.batches[1]).toBe(other.batches[1])
    expect(bob.told()).toEqual([])
  })

  it('has cursors 15 s before what is told, whatever the times of changes are', async () => {
    const { feed } = openFeed()
    const { events } = readFeed(feed)
    feed.changed(aJob('a', AT + 60_000), true)
    vi.setSystemTime(AT + 1_000)
    feed.changed(aJob('b', AT + 900), true)
    feed.changed(aJob('c', AT + 100), true)
    vi.setSystemTime(AT - 60_000)
    feed.changed(aJob('d', AT - 60_000), true)
    await settled()
    expect(events.slice(1).map(({ cursor }) => [cursor.updatedAt, cursor.id])).toEqual([
      ['2026-11-27T11:59:45.000Z', ''],
      ['2026-11-27T11:59:46.000Z', ''],
      ['2026-11-27T11:59:46.000Z', ''],
      ['2026-11-27T11:58:45.000Z', ''],
    ])
  })

  it('goes on behind a cursor page by page, with cursors up to 15 s before it was opened', async () => {
    const { feed, jobs } = openFeed()
    for (let index = 0; index < 250; index++) jobs.store(aJob(`job-${index}`, AT - 20_000 + index * 80))
    const after = { updatedAt: new Date(AT - 19_000).toISOString(), id: '' }
    const { events, told } = readFeed(feed, { after })
    await settled()
    await settled()
    expect(told()).toHaveLength(237)
    expect(jobs.queries.map(({ limit }) => limit)).toEqual([100, 100, 100])
    expect(events[0]?.cursor).toEqual(after)
    expect(events[10]?.cursor).toEqual({ updatedAt: new Date(AT - 18_240).toISOString(), id: 'job-22' })
    const latest = { updatedAt: new Date(AT - 15_000).toISOString(), id: '' }
    expect(events.slice(52).map(({ cursor }) => cursor)).toEqual(events.slice(52).map(() => latest))
    feed.changed(aJob('live'), true)
    await settled()
    expect(told().at(-1)).toBe('live pending')
  })

  it('gets a reader through a burst that is cut off after every second job', async () => {
    const { feed, jobs } = openFeed()
    for (let index = 0; index < 100; index++) jobs.store(aJob(`job-${index}`, AT))
    let after: ChangePosition | undefined = { updatedAt: new Date(AT - 1_000).toISOString(), id: '' }
    vi.setSystemTime(AT + 16_000)
    const told = new Set<string>()
    for (let connection = 0; connection < 50; connection++) {
      const { reader, events } = readFeed(feed, { after })
      await settled()
      reader.close()
      for (const { job } of events.slice(1, 3)) told.add(job?.id ?? '')
      after = events[2]?.cursor
    }
    expect(told.size).toBe(100)
  })

  it('tells a change that became visible 14 s late, behind others that were told from the store', async () => {
    const { feed, jobs } = openFeed()
    jobs.store(aJob('a', AT - 1_000))
    const first = readFeed(feed, { after: { updatedAt: new Date(AT - 20_000).toISOString(), id: '' } })
    await settled()
    expect(first.told()).toEqual(['a pending'])
    first.reader.close()
    jobs.store(aJob('late', AT - 14_000))
    const second = readFeed(feed, { after: first.events.at(-1)?.cursor })
    await settled()
    expect(second.told()).toEqual(['late pending', 'a pending'])
  })

  it('tells what comes after a clock was set back', async () => {
    const { feed, jobs } = openFeed()
    const first = readFeed(feed)
    first.reader.close()
    vi.setSystemTime(AT - 3_600_000)
    jobs.store(aJob('a', AT - 3_600_000))
    const second = readFeed(feed, { after: first.events[0]?.cursor })
    await settled()
    expect(second.told()).toEqual(['a pending'])
  })

  it('asks for few pages at once, and for none whose readers are gone', async () => {
    const { feed, jobs } = openFeed()
    const gate = Promise.withResolvers<void>()
    jobs.gate = gate.promise
    jobs.store(aJob('a'))
    const readers = Array.from({ length: 100 }, (_, index) =>
      readFeed(feed, { after: { updatedAt: new Date(AT - 20_000 + index).toISOString(), id: '' } }),
    )
    await settled()
    expect(jobs.queries).toHaveLength(2)
    for (const { reader } of readers.slice(50)) reader.close()
    gate.resolve()
    await vi.advanceTimersByTimeAsync(100)
    expect(jobs.queries).toHaveLength(50)
    for (const { told, failures } of readers.slice(0, 50)) expect([told(), failures]).toEqual([['a pending'], []])
    for (const { told, failures } of readers.slice(50)) expect([told(), failures]).toEqual([[], []])
  })

  it('misses no change and tells no earlier state when a job changes while the store is read', async () => {
    const { feed, jobs } = openFeed()
    const gate = Promise.withResolvers<void>()
    jobs.gate = gate.promise
    const [early, late] = [aJob('early'), aJob('late')]
    jobs.store(startJob(early, AT + 1))
    const { told } = readFeed(feed, { after: { updatedAt: new Date(AT).toISOString(), id: '' } })
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
    const first = readFeed(feed, { after })
    feed.changed(jobs.store(aJob('b')), true)
    const second = readFeed(feed, { after })
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
    const waiting = readFeed(feed, { after })
    await vi.waitUntil(() => waiting.told().length === 1, 10_000)
    vi.spyOn(jobs, 'findChanged').mockRejectedValue(new Error('broken'))
    const failing = readFeed(feed, { after })
    await vi.waitUntil(() => failing.reader.isDone, 10_000)
    expect(failing.failures).toEqual([new Error('broken')])
  })

  it('keeps no text in memory but what it shows', async () => {
    vi.useRealTimers()
    const { feed } = openFeed()
    const { events } = readFeed(feed)
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

/** The bytes of live memory. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('The garbage collector cannot be called')
  collect()
  return process.memoryUsage().heapUsed
}
