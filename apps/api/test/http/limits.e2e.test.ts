import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it, vi } from 'vitest'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { createJob, getJob, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const never = new Promise<void>(() => {})

describe('MAX_ANSWER_CHARS', () => {
  it('fails a job whose answer is longer, which keeps the text up to there', async () => {
    const { url } = await startServer({
      env: { MAX_ANSWER_CHARS: '10' },
      providers: [new ScriptedProvider(['12345', '6789🙂', 'never'])],
    })
    const { id } = await createJob(url, SCRIPTED)
    const { text, final } = await readStream(url, id)
    expect(text).toBe('123456789')
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'answer-too-long', retryable: false })
    expect(await getJob(url, id)).toMatchObject({ status: 'failed', result: '123456789' })
  })

  it('takes an answer of exactly that length', async () => {
    const { url } = await startServer({
      env: { MAX_ANSWER_CHARS: '3' },
      providers: [new ScriptedProvider(['12', '3'])],
    })
    const { id } = await createJob(url, SCRIPTED)
    expect(await readStream(url, id)).toMatchObject({ text: '123', final: { event: 'metrics' } })
  })

  it('keeps one vast token from holding up the server', { timeout: 60_000 }, async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider([gate.promise, 'x'.repeat(20_000_000)])] })
    const { id } = await createJob(url, SCRIPTED)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    gate.resolve()
    await vi.waitUntil(async () => (await getJob(url, id)).status === 'failed', 20_000)
    delay.disable()
    expect(delay.max / 1e6).toBeLessThan(1_000)
    expect(await getJob(url, id)).toMatchObject({ error: { code: 'answer-too-long' } })
  })
})

describe('RATE_LIMIT_PER_MINUTE', () => {
  it('counts each caller on its own, and says how many requests are left and when to come again', async () => {
    const server = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '3' } })
    for (const left of ['2', '1', '0']) {
      const response = await server.call(ANN, '/jobs')
      expect(response.status).toBe(200)
      expect(response.headers.get('ratelimit-limit')).toBe('3')
      expect(response.headers.get('ratelimit-remaining')).toBe(left)
    }
    const refused = await server.call(ANN, '/providers')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('ratelimit-reset'))).toBeGreaterThan(0)
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'rate-limited' })
    expect((await server.call(BOB, '/jobs')).status).toBe(200)
    expect((await server.call(undefined, '/health/ready')).status).toBe(200)
  })

  it('counts each address when the server has no API keys, and reads X-Forwarded-For of trusted proxies only', async () => {
    const from = (url: string, address: string) => fetch(`${url}/jobs`, { headers: { 'x-forwarded-for': address } })
    const behind = await startServer({ env: { RATE_LIMIT_PER_MINUTE: '1', TRUSTED_PROXIES: '127.0.0.0/8' } })
    const statuses: number[] = []
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) {
      statuses.push((await from(behind.url, address)).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    const alone = await startServer({ env: { RATE_LIMIT_PER_MINUTE: '1' } })
    expect((await from(alone.url, '192.0.2.1')).status).toBe(200)
    expect((await from(alone.url, '192.0.2.2')).status).toBe(429)
  })

  it('bounds the wrong keys of an address, which is refused before its next key is compared', async () => {
    const server = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '20' } })
    const statuses: number[] = []
    for (let guess = 0; guess < 30; guess++)
      statuses.push((await server.call(`wrong-key-${guess}-0123456`, '/jobs')).status)
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(10).fill(429)])
    const refused = await server.call(ANN, '/jobs')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(refused)).toMatchObject({
      status: 429,
      code: 'rate-limited',
      detail: expect.stringContaining('wrong API keys'),
    })
    expect((await server.call(undefined, '/health/ready')).status).toBe(200)
  })

  it('is off by default when the server has no API keys', async () => {
    const { url } = await startServer()
    expect((await fetch(`${url}/jobs`)).headers.get('ratelimit-limit')).toBeNull()
    const server = await ApiKeyServer.start()
    expect((await server.call(ANN, '/jobs')).headers.get('ratelimit-limit')).toBe('1200')
  })
})

describe('stream slots', () => {
  it('are limited for each job, and a stream that ends frees its slot', async () => {
    const gate = Promise.withResolvers<void>()
    const providers = [new ScriptedProvider(['a', gate.promise, 'b'])]
    const { url } = await startServer({ env: { MAX_STREAMS_PER_JOB: '2' }, providers })
    const job = await createJob(url, SCRIPTED)
    const readers = [await StreamReader.open(url, job.id), await StreamReader.open(url, job.id)]
    const refused = await fetch(`${url}/jobs/${job.id}/stream`)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'too-many-streams', detail: /This job has 2/ })
    gate.resolve()
    for (const reader of readers) await reader.rest()
    expect((await readStream(url, job.id)).text).toBe('ab')
  })

  it('are limited for each caller, also for streams that are read by link', async () => {
    const env = { MAX_STREAMS_PER_KEY: '1' }
    const server = await ApiKeyServer.start({ env, providers: [new ScriptedProvider(['a', never])] })
    const stream = (key: string) => server.post(key, SCRIPTED, { accept: 'text/event-stream' })
    const first = await stream(ANN)
    expect(first.status).toBe(200)
    // The job was accepted nevertheless: the answer has its location.
    const second = await stream(ANN)
    expect(second.status).toBe(429)
    const job = await server.call(ANN, second.headers.get('location') ?? '')
    const { links } = JSON.parse(await job.text())
    expect((await server.call(undefined, links.stream)).status).toBe(429)
    expect((await stream(BOB)).status).toBe(200)
  })
})

describe('MAX_JOBS_PER_KEY', () => {
  it('lets the jobs of other callers pass a caller with many waiting jobs', async () => {
    const env = { MAX_CONCURRENT_JOBS: '4', MAX_CONCURRENT_JOBS_PER_PROVIDER: '4', MAX_JOBS_PER_KEY: '1' }
    const server = await ApiKeyServer.start({ env, providers: [new ScriptedProvider(['a', never])] })
    const statusOf = async (key: string, path: string) => JSON.parse(await (await server.call(key, path)).text()).status
    const post = async (key: string) => (await server.post(key, SCRIPTED)).headers.get('location') ?? ''
    const anns = [await post(ANN), await post(ANN), await post(ANN)]
    const bobs = await post(BOB)
    expect(await Promise.all(anns.map((path) => statusOf(ANN, path)))).toEqual(['running', 'pending', 'pending'])
    expect(await statusOf(BOB, bobs)).toBe('running')
    await server.call(ANN, `${anns[0]}/cancel`, { method: 'POST' })
    await expect.poll(() => statusOf(ANN, anns[1] ?? '')).toBe('running')
  })
})

describe('a request body', () => {
  it('is refused when it is nested too deeply', async () => {
    const { url } = await startServer()
    const nested = (depth: number) => `{"prompt":${'['.repeat(depth)}${']'.repeat(depth)}}`
    const post = (body: string) =>
      fetch(`${url}/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(await problemOf(await post(nested(14)))).toMatchObject({ status: 400, detail: /prompt: / })
    for (const body of [nested(16), nested(100_000), '['.repeat(1_000_000), '{"a":'.repeat(100_000)]) {
      expect(await problemOf(await post(body))).toMatchObject({ status: 400, detail: /nested too deeply/ })
    }
    expect((await postJob(url, { ...ECHO, prompt: '[['.repeat(1_000) })).status).toBe(202)
  })
})
