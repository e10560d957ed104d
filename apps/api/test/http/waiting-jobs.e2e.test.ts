import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAnthropicVendor, startBackgroundVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, jobOf, readStream } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { newStorePath, startServer, type TestServer } from '../support/test-server.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

vi.setConfig({ testTimeout: 60_000 })

const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet-5' }
const ASKED = { ...OPENAI, fallbacks: [CLAUDE] }
const FALLBACKS = { 'x-promptlab-fallbacks': `${CLAUDE.provider}/${CLAUDE.model}` }
const CHAT = { model: 'openai/gpt-4', messages: [{ role: 'user', content: 'Hello' }] }

const DOORS = [
  ['chat/completions', CHAT],
  ['responses', { model: 'openai/gpt-4', input: 'Hello' }],
  ['messages', { ...CHAT, max_tokens: 100 }],
] as const

async function startSecond() {
  const second = await startAnthropicVendor()
  onTestFinished(() => second.close())
  return { second, env: { ANTHROPIC_API_KEY: 'key', ANTHROPIC_BASE_URL: second.url } }
}

/** Server processes on one store: `start` starts the next, after the last was killed. */
async function startingProcesses(store: string) {
  const first = await startOpenAIVendor()
  onTestFinished(() => first.close())
  const { second, env } = await startSecond()
  const settings = { DATABASE_URL: store, OPENAI_API_KEY: 'key', OPENAI_BASE_URL: first.url, ...env }
  return {
    first,
    second,
    start: (more: Record<string, string> = {}) => ServerProcess.start({ ...settings, ...more }),
  }
}

const waits = (url: string, id: string) =>
  vi.waitUntil(async () => {
    const job = await getJob(url, id)
    return job.status === 'pending' && job.waitingFor ? job : undefined
  }, 10_000)

function post(url: string, path: string, body: object, headers = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
}

/** The only job of a server, once its vendor told it to wait. */
async function waitingJob({ url, jobs }: TestServer): Promise<string> {
  return await vi.waitUntil(async () => {
    const [job] = await jobs.list({ limit: 1 })
    const found = job && (await jobs.find(job.id))
    return found?.status === 'pending' && found.waitingFor && (await waitsAt(url, found.id)) ? found.id : undefined
  }, 10_000)
}

async function waitsAt(url: string, id: string): Promise<boolean> {
  const response = await fetch(`${url}/jobs/${id}`)
  return response.ok || response.status === 404
}

describe('a job that waits for its vendor', () => {
  it.each([
    ['a JSON file', newStorePath],
    ['SQLite', async () => `sqlite:${await newStorePath()}`],
  ])('keeps its calls, its cost and its fallbacks when its process is killed, on %s', async (_, newStore) => {
    const { first, second, start } = await startingProcesses(await newStore())
    const killed = await start()
    const { id } = await createJob(killed.url, ASKED)
    // Longer than the next process takes to start.
    ;(await first.nextRequest()).fail(429, { retryAfterSeconds: 8 })
    const { waitingFor } = await waits(killed.url, id)
    await killed.kill()
    const { url } = await start()
    expect(await getJob(url, id)).toMatchObject({ status: 'pending', waitingFor, fallbacks: [CLAUDE] })
    const again = await first.nextRequest()
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(waitingFor?.until ?? ''))
    again.fail(401)
    const exchange = await second.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    await readStream(url, id)
    const job = await getJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: 'At last', metrics: { attempts: 3, answeredBy: CLAUDE } })
    expect('metrics' in job && job.metrics.calls?.map(({ endedBecause }) => endedBecause)).toEqual([
      'provider-rate-limited',
      'provider-auth',
      'completed',
    ])
  })

  it('waits for its fallback, which is asked again after a restart, and not the first vendor', async () => {
    const { first, second, start } = await startingProcesses(await newStorePath())
    const killed = await start()
    first.respondWith((exchange) => exchange.fail(401))
    const { id } = await createJob(killed.url, ASKED)
    ;(await second.nextRequest()).fail(529, { retryAfterSeconds: 2 })
    await waits(killed.url, id)
    await killed.kill()
    const { url } = await start()
    const exchange = await second.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({
      status: 'completed',
      metrics: { attempts: 3, answeredBy: CLAUDE, calls: [{}, {}, {}] },
    })
    expect(first.requests).toBe(1)
  })

  it('is cancelled in the next process, with the calls that it had', async () => {
    const { first, start } = await startingProcesses(await newStorePath())
    const killed = await start()
    const { id } = await createJob(killed.url, ASKED)
    ;(await first.nextRequest()).fail(429, { retryAfterSeconds: 50 })
    await waits(killed.url, id)
    await killed.kill()
    const { url } = await start()
    const answer = await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
    expect(await answer.json()).toMatchObject({
      status: 'cancelled',
      metrics: { attempts: 1, calls: [{ endedBecause: 'provider-rate-limited' }] },
    })
    expect(first.requests).toBe(1)
  })

  it('is cancelled also if it went back in line while it was looked up', async () => {
    const { vendor, url, jobs } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const find = jobs.find.bind(jobs)
    vi.spyOn(jobs, 'find').mockImplementationOnce(async (asked) => {
      const running = await find(asked)
      exchange.fail(429, { retryAfterSeconds: 50 })
      await vi.waitUntil(async () => /for_vendors 1\n/.test(await (await fetch(`${url}/metrics`)).text()))
      return running
    })
    const answer = await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
    expect(await answer.json()).toMatchObject({ status: 'cancelled', metrics: { attempts: 1 } })
  })

  it('is given to a repeat with the same Idempotency-Key, and is not deleted', async () => {
    const { vendor, url } = await startVendorServer()
    const ask = () =>
      fetch(`${url}/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
        body: JSON.stringify(OPENAI),
      })
    const { id } = await jobOf(await ask())
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 50 })
    const { waitingFor } = await waits(url, id)
    const repeat = await ask()
    expect(repeat.headers.get('idempotency-replayed')).toBe('true')
    expect(await repeat.json()).toMatchObject({ id, status: 'pending', waitingFor })
    expect((await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })).status).toBe(409)
    expect(vendor.requests).toBe(1)
  })

  it('is cancelled when its client has left and the grace is over', async () => {
    const server = await startVendorServer({ FOREGROUND_GRACE_MS: '300' })
    const client = new AbortController()
    const answer = post(server.url, 'chat/completions', CHAT, {}, client.signal)
    answer.catch(() => {})
    ;(await server.vendor.nextRequest()).fail(429, { retryAfterSeconds: 50 })
    const id = await waitingJob(server)
    client.abort()
    await vi.waitUntil(async () => (await server.jobs.find(id))?.status === 'cancelled', 5_000)
    expect(await server.jobs.find(id)).not.toHaveProperty('waitingFor')
    expect(server.vendor.requests).toBe(1)
  })

  it.each(DOORS)('is joined by a repeat of its request at %s', async (path, body) => {
    const { second, env } = await startSecond()
    const server = await startVendorServer(env)
    const client = new AbortController()
    const answer = post(server.url, path, body, FALLBACKS, client.signal)
    answer.catch(() => {})
    ;(await server.vendor.nextRequest()).fail(429, { retryAfterSeconds: 2 })
    const id = await waitingJob(server)
    client.abort()
    await vi.waitUntil(async () => (await server.jobs.find(id))?.client?.lostAt !== undefined)
    const repeat = post(server.url, path, body, { ...FALLBACKS, 'x-stainless-retry-count': '1' })
    ;(await server.vendor.nextRequest()).fail(401)
    const exchange = await second.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    const joined = await repeat
    expect(joined.headers.get('x-promptlab-job')).toBe(id)
    expect(joined.headers.get('x-promptlab-joined')).toBe('true')
    expect(await joined.text()).toContain('At last')
    expect(server.vendor.requests).toBe(2)
  })

  it('is gone when its answer was delivered, if it is not to be stored', async () => {
    const { second, env } = await startSecond()
    const server = await startVendorServer(env)
    const answer = post(server.url, 'responses', { model: 'openai/gpt-4', input: 'Hi', store: false }, FALLBACKS)
    ;(await server.vendor.nextRequest()).fail(429, { retryAfterSeconds: 1 })
    ;(await server.vendor.nextRequest()).fail(401)
    ;(await second.nextRequest()).fail(529, { retryAfterSeconds: 1 })
    const exchange = await second.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    const response = await answer
    const id = response.headers.get('x-promptlab-job') ?? ''
    expect(await response.json()).toMatchObject({ status: 'completed', model: 'anthropic/claude-sonnet-5' })
    await vi.waitUntil(async () => (await server.jobs.find(id)) === undefined)
  })

  it.each(DOORS)('fails at %s with 429 and retry-after when the patience is over', async (path, body) => {
    const { vendor, url } = await startVendorServer({}, { run: { ...PATIENT, patienceMs: 2_500 } })
    vendor.respondWith((exchange) => exchange.fail(429, { retryAfterSeconds: 1 }))
    for (const stream of [false, true]) {
      const response = await post(url, path, { ...body, stream })
      expect(response.status).toBe(429)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      await response.text()
    }
  })
})

describe('a stream of a door whose job waits long for its vendor', () => {
  it('begins after ten seconds, is kept alive, and has the answer', async () => {
    const { vendor, url } = await startVendorServer({}, { stream: { keepAliveMs: 11_000, stallMs: 30_000 } })
    const startedAt = performance.now()
    const answers = DOORS.flatMap(([path, body]) => [true, false].map((stream) => post(url, path, { ...body, stream })))
    for (const _ of answers) (await vendor.nextRequest()).fail(429, { retryAfterSeconds: 13 })
    vendor.respondWith((exchange) => {
      exchange.sendToken('At last')
      exchange.finish()
    })
    const responses = await Promise.all(answers)
    expect(performance.now() - startedAt).toBeGreaterThan(9_000)
    expect(vendor.requests).toBe(answers.length)
    for (const response of responses) {
      expect(response.status).toBe(200)
      const text = await response.text()
      expect(text).toContain('At last')
      if (response.headers.get('content-type')?.startsWith('application/json')) {
        expect(text.startsWith(' ')).toBe(true)
        expect(JSON.parse(text)).toBeDefined()
      } else expect(text).toMatch(/^: ping|event: ping/m)
    }
  })
})

describe('a server that is told to stop', () => {
  it('leaves waiting jobs to the next, and their clients at doors are not kept waiting', async () => {
    const { first, start } = await startingProcesses(await newStorePath())
    const stopped = await start({ DRAIN_MS: '20000' })
    const { id } = await createJob(stopped.url, OPENAI)
    ;(await first.nextRequest()).fail(429, { retryAfterSeconds: 5 })
    await waits(stopped.url, id)
    const answer = post(stopped.url, 'chat/completions', { ...CHAT, model: 'openai/gpt-5', stream: true })
    answer.catch(() => {})
    ;(await first.nextRequest()).fail(429, { retryAfterSeconds: 5 })
    await vi.waitUntil(async () => /for_vendors 2\n/.test(await (await fetch(`${stopped.url}/metrics`)).text()))
    const startedAt = performance.now()
    stopped.signal('SIGTERM')
    expect(await stopped.exit()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    const { url } = await start()
    expect(await getJob(url, id)).toMatchObject({ status: 'pending' })
    for (let call = 0; call < 2; call++) {
      const exchange = await first.nextRequest()
      exchange.sendToken('At last')
      exchange.finish()
    }
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({ status: 'completed' })
  })
})

it('waits also if its server stops while that is stored', async () => {
  const path = await newStorePath()
  const server = await startVendorServer({ DATABASE_URL: path })
  const { id } = await createJob(server.url, OPENAI)
  const exchange = await server.vendor.nextRequest()
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const replace = server.jobs.replace.bind(server.jobs)
  vi.spyOn(server.jobs, 'replace').mockImplementationOnce(async (next, from) => {
    asked.resolve()
    await gate.promise
    return await replace(next, from)
  })
  exchange.fail(429, { retryAfterSeconds: 1 })
  await asked.promise
  const closed = server.app.close()
  gate.resolve()
  await closed
  const { url } = await startServer({
    env: { DATABASE_URL: path, OPENAI_API_KEY: 'key', OPENAI_BASE_URL: server.vendor.url },
  })
  expect(await getJob(url, id)).toMatchObject({ status: 'pending', waitingFor: { reason: 'rate-limit' } })
  const next = await server.vendor.nextRequest()
  next.sendToken('At last')
  next.finish()
  await readStream(url, id)
  expect(await getJob(url, id)).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
})

describe('a fallback whose runs can be joined again', () => {
  it('goes on in the next process, and answers at the door of a client that comes back', async () => {
    const background = await startBackgroundVendor()
    onTestFinished(() => background.close())
    const { second, env } = await startSecond()
    second.respondWith((exchange) => exchange.fail(401))
    const pricesFile = join(await temporaryFolder(), 'prices.json')
    await writeFile(pricesFile, JSON.stringify({ openai: { 'gpt-4': { input: 1_000, output: 1_000 } } }))
    const settings = {
      DATABASE_URL: await newStorePath(),
      PRICES_FILE: pricesFile,
      ...env,
      ...{ OPENAI_API_KEY: 'key', OPENAI_BASE_URL: background.url, OPENAI_API: 'responses', OPENAI_BACKGROUND: 'on' },
    }
    const killed = await ServerProcess.start(settings)
    const fallback = { provider: 'openai', model: 'gpt-4' }
    const { id } = await createJob(killed.url, { prompt: 'Hello', ...CLAUDE, fallbacks: [fallback] })
    const { run } = await background.nextRun()
    const gate = Promise.withResolvers<void>()
    let count = 0
    const parts = [
      { type: 'reasoning', pieces: ['Hm'] },
      { type: 'text', pieces: ['Once ', 'upon'] },
    ] as const
    const said = run.say(parts, () => (++count > 2 ? gate.promise : Promise.resolve()))
    await vi.waitUntil(async () => JSON.stringify(await getJob(killed.url, id)).includes('Once '), 10_000)
    await killed.kill()
    const { url } = await ServerProcess.start(settings)
    gate.resolve()
    await said
    await readStream(url, id)
    const job = await getJob(url, id)
    expect(job).toMatchObject({
      status: 'completed',
      result: 'Once upon',
      metrics: { attempts: 2, answeredBy: fallback, usage: { inputTokens: 3, outputTokens: 5 } },
    })
    expect('metrics' in job && job.metrics.calls).toMatchObject([
      { ...CLAUDE, endedBecause: 'provider-auth' },
      { ...fallback, endedBecause: 'completed', cost: { usd: 0.008, priced: 'exact' } },
    ])
    expect(background.created.size).toBe(1)
    // What the vendor wants back goes to it, and to nobody else.
    second.respondWith((exchange) => {
      exchange.sendToken('Yes')
      exchange.finish()
    })
    const next = await createJob(url, { prompt: 'And?', ...fallback, previousJobId: id })
    const { body } = await background.nextRun()
    expect(JSON.stringify(body)).toContain('encrypted Hm')
    await fetch(`${url}/jobs/${next.id}/cancel`, { method: 'POST' })
  })
})
