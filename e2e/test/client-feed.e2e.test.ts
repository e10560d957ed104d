import { CuttableProxy, ScriptedProvider, startServer } from '@promptlab/api/testing'
import { type EventsOptions, isFinalJob, type JobChange, type JobSummary, PromptLabClient } from '@promptlab/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const [ANN, BOB] = ['key-of-ann-0123456789', 'key-of-bob-0123456789']

/** The changes that a feed has given so far. The feed ends with the test. */
class WatchedFeed {
  readonly changes: JobChange[] = []
  readonly #ended: Promise<unknown>

  private constructor(client: PromptLabClient, options: EventsOptions) {
    const leaving = new AbortController()
    onTestFinished(() => leaving.abort())
    this.#ended = this.#read(client, { signal: leaving.signal, ...options }).catch((error: unknown) => error)
  }

  /** Opens a feed, and waits until it is ready. */
  static async open(client: PromptLabClient, options: EventsOptions = {}): Promise<WatchedFeed> {
    const ready = Promise.withResolvers<void>()
    const onReady: EventsOptions['onReady'] = (told) => {
      ready.resolve()
      return options.onReady?.(told)
    }
    const feed = new WatchedFeed(client, { ...options, onReady })
    await Promise.race([ready.promise, feed.#ended])
    return feed
  }

  /** The error that ended the feed. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  statusesOf(id: string): string[] {
    return this.changes.filter(({ job }) => job.id === id).map(({ job }) => job.status)
  }

  async until(id: string, status: JobSummary['status']): Promise<JobChange> {
    return await vi.waitUntil(
      () => this.changes.find((change) => change.job.id === id && change.job.status === status),
      { timeout: 10_000, interval: 5 },
    )
  }

  async #read(client: PromptLabClient, options: EventsOptions): Promise<void> {
    for await (const change of client.events(options)) this.changes.push(change)
  }
}

async function startScripted(steps: ConstructorParameters<typeof ScriptedProvider>[0], env = {}) {
  const { url, app } = await startServer({ providers: [new ScriptedProvider(steps)], env })
  return { url, app, client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

describe('PromptLabClient.events', () => {
  it('gives each change of state of a job, as lists show the job', async () => {
    const gate = Promise.withResolvers<void>()
    const { client } = await startScripted(['a', gate.promise, 'b'])
    const feed = await WatchedFeed.open(client)
    const { id } = await client.create(SCRIPTED)
    await feed.until(id, 'running')
    gate.resolve()
    const { job } = await feed.until(id, 'completed')
    expect((await client.listPage()).data).toEqual([job])
    expect(job).toMatchObject({
      prompt: 'Go',
      promptLength: 2,
      metrics: { tokenCount: 2 },
      links: { self: `/jobs/${id}` },
    })
    expect(job).not.toHaveProperty('result')
  })

  it('tells jobs that fail and jobs that are cancelled', async () => {
    const { client } = await startScripted(['a', new Error('Down')])
    const feed = await WatchedFeed.open(client)
    const failed = await client.create(SCRIPTED)
    expect(await feed.until(failed.id, 'failed')).toMatchObject({ job: { error: { code: 'internal' } } })
    const { client: other } = await startScripted([new Promise(() => {})])
    const otherFeed = await WatchedFeed.open(other)
    const cancelled = await other.create(SCRIPTED)
    await other.cancel(cancelled.id)
    await otherFeed.until(cancelled.id, 'cancelled')
  })

  it('misses nothing between the list that is made once it is ready and the changes', async () => {
    const gate = Promise.withResolvers<void>()
    const { client } = await startScripted(['a', gate.promise])
    const creating = Promise.all(Array.from({ length: 20 }, () => client.create(SCRIPTED)))
    const jobs = new Map<string, JobSummary>()
    const onReady = async () => {
      for await (const job of client.list({ limit: 5 })) jobs.set(job.id, job)
      gate.resolve()
    }
    for await (const { job } of client.events({ onReady })) {
      jobs.set(job.id, job)
      if (jobs.size === 20 && [...jobs.values()].every(isFinalJob)) break
    }
    expect([...jobs.keys()].sort()).toEqual((await creating).map(({ id }) => id).sort())
  })

  it('gives a caller the changes of its own jobs alone, and refuses a caller without a key', async () => {
    const { url } = await startScripted(['a'], { API_KEYS: `ann:${ANN},bob:${BOB}` })
    const clientOf = (apiKey?: string) => new PromptLabClient({ baseUrl: url, apiKey, retryDelayMs: 1 })
    const [ann, bob] = [clientOf(ANN), clientOf(BOB)]
    const feed = await WatchedFeed.open(ann)
    const others = await bob.create(SCRIPTED, { waitSeconds: 30 })
    const own = await ann.create(SCRIPTED, { waitSeconds: 30 })
    await feed.until(own.id, 'completed')
    expect(feed.statusesOf(others.id)).toEqual([])
    await expect(clientOf().events().next()).rejects.toMatchObject({ status: 401 })
  })

  it('resumes behind the last change when the connection breaks, with what changed meanwhile', async () => {
    const gate = Promise.withResolvers<void>()
    const { url, client: direct } = await startScripted(['a', gate.promise, 'b'])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    const resumed: boolean[] = []
    const failures: number[] = []
    const feed = await WatchedFeed.open(client, {
      onReady: ({ isResumed }) => void resumed.push(isResumed),
      onReconnect: (reconnect) => void failures.push(reconnect.failures),
    })
    const { id } = await direct.create(SCRIPTED)
    await feed.until(id, 'running')
    proxy.cut()
    gate.resolve()
    await direct.wait(id)
    const meanwhile = await direct.create(SCRIPTED, { waitSeconds: 30 })
    await vi.waitUntil(() => failures.length > 2, 10_000)
    proxy.restore()
    await feed.until(id, 'completed')
    await feed.until(meanwhile.id, 'completed')
    expect(resumed).toEqual([false, true])
  })

  it('reconnects when the connection is idle for longer than idleTimeoutMs', async () => {
    const { url, client: direct } = await startScripted(['a'])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1, idleTimeoutMs: 200 })
    const feed = await WatchedFeed.open(client, { onReconnect: () => proxy.restore() })
    proxy.mute()
    const { id } = await direct.create(SCRIPTED)
    await feed.until(id, 'completed')
  })

  it('goes on behind the cursor of another feed', async () => {
    const { client } = await startScripted(['a'])
    const feed = await WatchedFeed.open(client)
    const [first, second] = [
      await client.create(SCRIPTED, { waitSeconds: 30 }),
      await client.create(SCRIPTED, { waitSeconds: 30 }),
    ]
    const { cursor } = await feed.until(first.id, 'completed')
    const later = await WatchedFeed.open(client, { after: cursor })
    await later.until(second.id, 'completed')
  })

  it('throws ApiError at once for a cursor that is none', async () => {
    const { client } = await startScripted(['a'])
    await expect(client.events({ after: 'nonsense' }).next()).rejects.toMatchObject({ status: 400 })
  })

  it('throws the reason of its signal when it aborts while nothing changes, and closes its connection', async () => {
    const { client, app } = await startScripted(['a'])
    const leaving = new AbortController()
    const feed = await WatchedFeed.open(client, { signal: leaving.signal })
    const reason = new Error('Enough')
    leaving.abort(reason)
    expect(await feed.ended).toBe(reason)
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
  })

  it('closes its connection when the loop is left', async () => {
    const { client, app } = await startScripted(['a'])
    const onReady = () => client.create(SCRIPTED).then(() => {})
    for await (const _ of client.events({ onReady })) break
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
  })
})
