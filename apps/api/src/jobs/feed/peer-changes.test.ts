import { describe, expect, it, vi } from 'vitest'
import {
  AT,
  aJob,
  changeOf,
  OtherProcesses,
  openFeed,
  readFeed,
  useFeedTimers,
} from '../../../test/support/feed-in-hand.ts'
import { startJob } from '../job.ts'

useFeedTimers()

const settled = () => vi.advanceTimersByTimeAsync(0)

describe('JobFeed of one of several processes', () => {
  it('publishes only while another process has readers', () => {
    const channel = new OtherProcesses()
    const { feed } = openFeed({ channel })
    feed.changed(aJob('a'), true)
    channel.isWanted = true
    feed.changed(aJob('b'), true)
    channel.isWanted = false
    feed.changed(aJob('c'), true)
    expect(channel.published.map(({ job }) => job.id)).toEqual(['b'])
  })

  it('listens and asks the store while it has readers, with one lookup for all of them', async () => {
    const channel = new OtherProcesses()
    const { feed, jobs } = openFeed({ channel })
    await vi.advanceTimersByTimeAsync(20_000)
    expect([channel.onChange, jobs.queries.length]).toEqual([undefined, 0])
    const readers = [readFeed(feed), readFeed(feed, { caller: 'ann' })]
    await vi.advanceTimersByTimeAsync(20_000)
    expect(channel.onChange).toBeDefined()
    expect(jobs.queries.map(({ owner, after }) => [owner, after.updatedAt])[0]).toEqual([
      undefined,
      new Date(AT + 20_000 - 15_000).toISOString(),
    ])
    expect(jobs.queries).toHaveLength(4)
    for (const { reader } of readers) reader.close()
    await vi.advanceTimersByTimeAsync(20_000)
    expect([channel.onChange, jobs.queries.length]).toEqual([undefined, 4])
  })

  it('tells a change once that comes as a message and from the store, and one of which no message came', async () => {
    const channel = new OtherProcesses()
    const { feed, jobs } = openFeed({ channel })
    const { told } = readFeed(feed)
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
    const channel = new OtherProcesses()
    const { feed, jobs, warn } = openFeed({ channel })
    const { told } = readFeed(feed)
    jobs.failures = 2
    jobs.store(aJob('a', AT + 14_000))
    await vi.advanceTimersByTimeAsync(11_000)
    expect([warn.mock.calls.length, told()]).toEqual([1, []])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(told()).toEqual(['a pending'])
  })

  it('tells what changed while the store was away for a minute, and has no later cursor before', async () => {
    const channel = new OtherProcesses()
    const { feed, jobs } = openFeed({ channel })
    const { told, events } = readFeed(feed)
    jobs.failures = 12
    jobs.store(aJob('lost', AT + 1_000))
    await vi.advanceTimersByTimeAsync(58_000)
    channel.onChange?.(changeOf(aJob('sent')))
    await settled()
    expect([told(), events.at(-1)?.cursor.updatedAt]).toEqual([['sent pending'], new Date(AT - 15_000).toISOString()])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(told()).toEqual(['sent pending', 'lost pending'])
  })
})
