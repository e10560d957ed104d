import { once } from 'node:events'
import { connect } from 'node:net'
import { isFinal, JobPage, type JobSummaryResource } from '@promptlab/contract'
import { describe, expect, it, vi } from 'vitest'
import { newJob } from '../../src/jobs/job.ts'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { createJob, finishedJob, getJob, jobOf, problemOf, readStream } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const never = new Promise<void>(() => {})

const isOver = ({ status }: JobSummaryResource) => status !== 'pending' && status !== 'running'
const states = (jobs: readonly JobSummaryResource[]) => jobs.map(({ id, status }) => [id, status])

async function listOf(url: string): Promise<JobSummaryResource[]> {
  return JobPage.parse(await (await fetch(`${url}/jobs`)).json()).data
}

const cancel = async (url: string, id: string) => jobOf(await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' }))

describe('the feed', () => {
  it('tells of each change of state of a job, as lists show the job', async () => {
    const { url } = await startServer()
    const feed = await FeedReader.open(url)
    const { id } = await createJob(url, { ...ECHO, prompt: 'x'.repeat(500) })
    const told = await feed.until(isOver)
    expect(states(told)).toEqual([
      [id, 'pending'],
      [id, 'running'],
      [id, 'completed'],
    ])
    expect(told.at(-1)).toEqual((await listOf(url))[0])
    expect(told[0]).toMatchObject({ prompt: 'x'.repeat(200), promptLength: 500, links: { self: `/jobs/${id}` } })
    expect(told[0]).not.toHaveProperty('metrics')
  })

  it('tells of jobs that wait, fail and are cancelled', async () => {
    const provider = new ScriptedProvider([never])
    const { url } = await startServer({ providers: [provider], env: { MAX_CONCURRENT_JOBS: '1' } })
    const feed = await FeedReader.open(url)
    const [first, second] = [await createJob(url, SCRIPTED), await createJob(url, SCRIPTED)]
    await cancel(url, second.id)
    await cancel(url, first.id)
    expect(states(await feed.until(({ id, status }) => id === first.id && status === 'cancelled'))).toEqual([
      [first.id, 'pending'],
      [first.id, 'running'],
      [second.id, 'pending'],
      [second.id, 'cancelled'],
      [first.id, 'cancelled'],
    ])
  })

  it('tells of a job that its vendor put back in line, and why it failed in the end', async () => {
    const { url, vendor } = await startVendorServer()
    const feed = await FeedReader.open(url)
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 1 })
    const waiting = await feed.until((job) => job.status === 'pending' && job.waitingFor !== undefined)
    expect(states(waiting)).toEqual([
      [id, 'pending'],
      [id, 'running'],
      [id, 'pending'],
    ])
    ;(await vendor.nextRequest()).fail(401)
    const rest = await feed.until(isOver)
    expect(rest).toMatchObject([{ status: 'running' }, { status: 'failed', error: { code: 'provider-auth' } }])
  })

  it('does not tell of a job whose caller asked not to store it', async () => {
    const { url } = await startServer()
    const feed = await FeedReader.open(url)
    await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo/echo', input: 'Secret', store: false }),
    })
    const { id } = await createJob(url, ECHO)
    for (const job of await feed.until(isOver)) expect(job.id).toBe(id)
  })

  it('needs a key, and tells a caller of no other caller', async () => {
    const server = await ApiKeyServer.start()
    const ofBob = await server.finishedJob(BOB)
    const { links } = (await (await server.call(BOB, `/jobs/${ofBob.id}`)).json()) as JobSummaryResource
    const query = new URL(links.stream, server.url).search
    for (const path of ['/events', `/events${query}`]) {
      const response = await server.call(undefined, path)
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
    const [ann, bob] = [
      await FeedReader.open(server.url, { key: ANN }),
      await FeedReader.open(server.url, { key: BOB }),
    ]
    const jobs = new Map<string, string>()
    for (const key of [BOB, ANN, BOB, ANN]) jobs.set((await server.finishedJob(key)).id, key)
    const last = [...jobs.keys()].at(-1)
    const told = await ann.until(({ id, status }) => id === last && status === 'completed')
    expect(told.map(({ id }) => jobs.get(id))).toEqual(Array.from({ length: 6 }, () => ANN))
    expect(jobs.get((await bob.next())?.id ?? '')).toBe(BOB)
    // The link of each job opens its stream without a key.
    expect((await server.call(undefined, told[0]?.links.stream ?? '')).status).toBe(200)
  })

  it('goes on behind a cursor with the latest state of each job that changed, then with live changes', async () => {
    const { url } = await startServer()
    const feed = await FeedReader.open(url)
    const start = feed.cursor
    await finishedJob(url, ECHO)
    await feed.until(isOver)
    feed.leave()
    const missed = [await finishedJob(url, ECHO), await finishedJob(url, ECHO)]
    for (const after of [start, feed.cursor]) {
      const resumed = await FeedReader.open(url, { after })
      expect(resumed.cursor).toBe(after)
      const told = await resumed.until(({ id }) => id === missed[1]?.id)
      expect(told.slice(-2).map(({ id, status }) => [id, status])).toEqual(missed.map(({ id }) => [id, 'completed']))
      expect(told.at(-1)).toEqual((await listOf(url))[0])
      const { id } = await createJob(url, ECHO)
      expect(states(await resumed.until((job) => job.id === id && isOver(job)))).toEqual([
        [id, 'pending'],
        [id, 'running'],
        [id, 'completed'],
      ])
      missed.splice(0, 2, await finishedJob(url, ECHO), await finishedJob(url, ECHO))
    }
  })

  it('takes the cursor from the header of an EventSource first, and skips an empty one', async () => {
    const { url } = await startServer()
    const open = async (query: string, headers: Record<string, string> = {}) => {
      const leaving = new AbortController()
      const response = await fetch(`${url}/events${query}`, { headers, signal: leaving.signal })
      const { value } = (await response.body?.getReader().read()) ?? {}
      leaving.abort()
      return /^id: (.*)$/m.exec(new TextDecoder().decode(value))?.[1] ?? ''
    }
    const [first, second] = [await open(''), await open('?after=')]
    expect(await open(`?after=${first}`, { 'last-event-id': second })).toBe(second)
    expect(await open(`?after=${first}`, { 'last-event-id': '' })).toBe(first)
    expect(await open(`?lastEventId=${first}`)).toBe(first)
  })

  it('does not tell of a job that was deleted meanwhile', async () => {
    const { url } = await startServer()
    const { cursor } = await FeedReader.open(url)
    const [gone, left] = [await finishedJob(url, ECHO), await finishedJob(url, ECHO)]
    await fetch(`${url}/jobs/${gone.id}`, { method: 'DELETE' })
    const resumed = await FeedReader.open(url, { after: cursor })
    expect(states(await resumed.until(isOver))).toEqual([[left.id, 'completed']])
  })

  it.each([
    ['after=x', 'after'],
    ['after=eyJhIjoxfQ', 'after'],
    [`after=${'x'.repeat(201)}`, 'after'],
    [`after=${Buffer.from('["2026-02-31T00:00:00Z",""]').toString('base64url')}`, 'after'],
    ['lastEventId=end', 'lastEventId'],
    ['since=now', 'since'],
  ])('refuses %s', async (query, path) => {
    const { url } = await startServer()
    const response = await fetch(`${url}/events?${query}`)
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ path }] })
  })

  it('is a stream of events and nothing else', async () => {
    const { url } = await startServer()
    const response = await fetch(`${url}/events`, { headers: { accept: 'application/x-ndjson' } })
    expect(await problemOf(response)).toMatchObject({ status: 406, code: 'not-acceptable' })
    expect((await fetch(`${url}/events`, { method: 'HEAD' })).status).toBe(405)
  })

  it('counts as an open stream', async () => {
    const { url, app } = await startServer({ env: { MAX_STREAMS_PER_KEY: '1' } })
    const feed = await FeedReader.open(url)
    expect(app.openStreams.count).toBe(1)
    const refused = await fetch(`${url}/events`)
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'too-many-streams' })
    feed.leave()
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
    await FeedReader.open(url)
  })

  it('sends a keep-alive while nothing changes', async () => {
    const { url } = await startServer({ config: { stream: { keepAliveMs: 20, stallMs: 30_000 } } })
    const response = await fetch(`${url}/events`)
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk)
      if (/(: ping\n\n){2}$/.test(text)) break
    }
    expect(text).toMatch(/^retry: 2000\n\nevent: ready\nid: \S+\ndata: \{\}\n\n(: ping\n\n)+$/)
  })

  it('ends at once when the server stops, although a job goes on', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await startServer({ providers: [new ScriptedProvider([gate.promise])], env: { DRAIN_MS: '60000' } })
    const feed = await FeedReader.open(server.url)
    await createJob(server.url, SCRIPTED)
    await feed.until(({ status }) => status === 'running')
    const closed = server.app.close()
    expect(await feed.next()).toBeUndefined()
    gate.resolve()
    await closed
  })

  it('disconnects a reader that takes nothing', async () => {
    const { url, app, jobs } = await startServer({ config: { stream: { keepAliveMs: 15_000, stallMs: 200 } } })
    const { cursor } = await FeedReader.open(url)
    // More than the buffers of a connection hold.
    const input = { ...ECHO, prompt: '€'.repeat(300), options: { system: '€'.repeat(300) } }
    const inserts = Array.from({ length: 8_000 }, () => jobs.insert(newJob(crypto.randomUUID(), input, Date.now())))
    await Promise.all(inserts)
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(`GET /events?after=${cursor} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
    expect(app.openStreams.count).toBe(2)
    await vi.waitUntil(() => app.openStreams.count === 1, 20_000)
    socket.destroy()
  })

  it('has each job as its record is, to the end', async () => {
    const { url } = await startServer()
    const feed = await FeedReader.open(url)
    const { id } = await createJob(url, ECHO)
    const told = await feed.until(isOver)
    const job = await getJob(url, id)
    expect(isFinal(job)).toBe(true)
    expect(job).toMatchObject({ status: told.at(-1)?.status, updatedAt: told.at(-1)?.updatedAt })
    expect((await readStream(url, id)).final?.event).toBe('metrics')
  })
})
