import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { StorageUnavailableError } from '../../src/jobs/ports/storage-errors.ts'
import { ScriptedProvider, startServer, type TestServer } from '../support/index.ts'

const GRACE_MS = 400
const ENV = { FOREGROUND_GRACE_MS: String(GRACE_MS) }

/** A request whose job has begun, and which its client leaves. */
async function leave(server: TestServer, body: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const client = new AbortController()
  const before = new Set((await idsOf(server)) ?? [])
  const answer = fetch(`${server.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'script-1', input: 'Hi', ...body }),
    signal: client.signal,
  })
  answer.catch(() => {})
  const id = await vi.waitUntil(async () => (await idsOf(server)).find((each) => !before.has(each)))
  client.abort()
  return id
}

async function idsOf({ jobs }: TestServer): Promise<string[]> {
  return (await jobs.list({ limit: 10 })).map(({ id }) => id)
}

async function statusOf(server: TestServer, id: string): Promise<string | undefined> {
  return (await server.jobs.find(id))?.status
}

describe('a foreground job whose client has left', () => {
  it('is cancelled after the grace', async () => {
    const server = await startServer({ env: ENV, providers: [new ScriptedProvider([new Promise(() => {})])] })
    const id = await leave(server)
    expect(await statusOf(server, id)).toBe('running')
    await vi.waitUntil(async () => (await statusOf(server, id)) === 'cancelled', 5_000)
  })

  it('is cancelled later, if it cannot be when its grace is over', async () => {
    const server = await startServer({ env: ENV, providers: [new ScriptedProvider([new Promise(() => {})])] })
    const id = await leave(server)
    const { find: findJob } = server.jobs
    let failures = 0
    vi.spyOn(server.jobs, 'find').mockImplementation(async (asked) => {
      const job = await findJob.call(server.jobs, asked)
      // The first lookup takes the job, the second one is to cancel it.
      if (job?.client?.lostAt === '1970-01-01T00:00:00.000Z' && failures++ === 0) throw new StorageUnavailableError()
      return job
    })
    await vi.waitUntil(async () => (await statusOf(server, id)) === 'cancelled', 5_000)
    expect(failures).toBeGreaterThan(1)
  })

  it('runs on while somebody asks for it', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await startServer({ env: ENV, providers: [new ScriptedProvider([gate.promise, 'Hello'])] })
    const id = await leave(server)
    const start = performance.now()
    while (performance.now() - start < 3 * GRACE_MS) {
      expect((await fetch(`${server.url}/jobs/${id}`)).status).toBe(200)
      await sleep(GRACE_MS / 8)
    }
    const stream = await fetch(`${server.url}/jobs/${id}/stream`)
    await sleep(2 * GRACE_MS)
    expect(await statusOf(server, id)).toBe('running')
    gate.resolve()
    expect(await stream.text()).toContain('Hello')
  })

  it('is kept by a repeat of the request that joins it', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider([gate.promise, 'Hello'])
    const server = await startServer({ env: ENV, providers: [provider] })
    const id = await leave(server)
    await vi.waitUntil(async () => (await server.jobs.find(id))?.client?.lostAt !== undefined)
    const repeat = fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-stainless-retry-count': '1' },
      body: JSON.stringify({ model: 'script-1', input: 'Hi' }),
    })
    await sleep(3 * GRACE_MS)
    gate.resolve()
    const answer = await repeat
    expect(answer.headers.get('x-promptlab-job')).toBe(id)
    expect(await answer.json()).toMatchObject({ status: 'completed' })
    expect(provider.calls).toBe(1)
  })

  it('runs to its end where the grace is off', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await startServer({
      env: { FOREGROUND_GRACE_MS: 'off' },
      providers: [new ScriptedProvider([gate.promise, 'Hello'])],
    })
    const id = await leave(server)
    expect((await server.jobs.find(id))?.watchedUntil).toBeUndefined()
    gate.resolve()
    await vi.waitUntil(async () => (await statusOf(server, id)) === 'completed')
  })

  it('runs to its end in the background', async () => {
    const server = await startServer({ env: ENV, providers: [new ScriptedProvider([new Promise(() => {})])] })
    const id = await leave(server, { background: true })
    await sleep(3 * GRACE_MS)
    expect(await statusOf(server, id)).toBe('running')
  })
})

it('a server that stops starts no grace for the jobs of its clients', async () => {
  const server = await startServer({ env: { ...ENV, DRAIN_MS: '0' }, providers: [new ScriptedProvider(['Hi'])] })
  // Another process runs the job.
  const replace = vi.spyOn(server.jobs, 'replaceClient')
  vi.spyOn(server.tokenLog, 'close').mockResolvedValue()
  vi.spyOn(server.jobs, 'replace').mockResolvedValue(true)
  const answer = fetch(`${server.url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'script-1', input: 'Hi', stream: true }),
  }).then((response) => response.text())
  answer.catch(() => {})
  await vi.waitUntil(() => server.app.openStreams.count === 1)
  await server.app.close()
  await expect(answer).rejects.toThrow()
  expect(replace.mock.lastCall?.[1].watchedUntil).toBe('9999-12-31T23:59:59.999Z')
})
