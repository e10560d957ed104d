import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, readStream } from '../support/job-client.ts'
import { limitVendor } from '../support/limit-vendor.ts'
import { runManyJobs } from '../support/run-many-jobs.ts'
import { ServerProcess } from '../support/server-process.ts'
import { limitHeaders, tellLimits } from '../support/tell-limits.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

vi.setConfig({ testTimeout: 30_000 })

const cancel = (url: string, id: string) => fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
const waits = (url: string, id: string) =>
  vi.waitUntil(async () => {
    const job = await getJob(url, id)
    return job.status === 'pending' && job.waitingFor ? job : undefined
  }, 10_000)

describe('a vendor that takes no more requests now', () => {
  it.each([
    [429, { retryAfterSeconds: 1 }, 'rate-limit'],
    [429, {}, 'rate-limit'],
    [503, {}, 'overload'],
    [529, { retryAfterSeconds: 1 }, 'overload'],
  ] as const)('puts the job back in line after a %i %o', async (status, refusal, reason) => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const reading = readStream(url, id)
    const askedAt = Date.now()
    ;(await vendor.nextRequest()).fail(status, refusal)
    const { waitingFor } = await waits(url, id)
    expect(waitingFor?.reason).toBe(reason)
    const exchange = await vendor.nextRequest()
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(waitingFor?.until ?? ''))
    expect(Date.now() - askedAt).toBeGreaterThanOrEqual(1_000)
    exchange.sendToken('At last')
    exchange.finish()
    // A client that was there all the time sees nothing of it.
    expect(await reading).toMatchObject({ text: 'At last', final: { event: 'metrics' } })
    const job = await getJob(url, id)
    expect(job).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
    expect(job).toHaveProperty('metrics.calls', [
      expect.objectContaining({
        endedBecause: reason === 'rate-limit' ? 'provider-rate-limited' : 'provider-unavailable',
      }),
      expect.objectContaining({ endedBecause: 'completed' }),
    ])
    expect(job).not.toHaveProperty('waitingFor')
  })

  it('puts the job back also when it says so inside a 200, before anything of the answer', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).sendFailure('Rate limit reached, too many requests')
    await waits(url, id)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    expect((await readStream(url, id)).text).toBe('At last')
  })

  it('is told in comments of the stream, and nowhere else', async () => {
    const { vendor, url } = await startVendorServer({}, { stream: { keepAliveMs: 100, stallMs: 30_000 } })
    const { id } = await createJob(url, OPENAI)
    const raw = fetch(`${url}/jobs/${id}/stream`).then((response) => response.text())
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 1 })
    const { waitingFor } = await waits(url, id)
    const ndjson = fetch(`${url}/jobs/${id}/stream`, { headers: { accept: 'application/x-ndjson' } })
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish()
    const lines = (await raw).split('\n\n').filter((frame) => frame !== ': ping' && frame !== '')
    expect(lines).toEqual([
      'retry: 2000',
      `: waiting for openai until ${waitingFor?.until}`,
      'id: 2\ndata: {"token":"Hi"}',
      expect.stringMatching(/^event: metrics\n/),
    ])
    expect((await (await ndjson).text()).split('\n').filter(Boolean)).toHaveLength(2)
  })

  it('is waited for no longer than the patience of a job', async () => {
    const { vendor, url } = await startVendorServer({}, { run: { ...PATIENT, patienceMs: 1_500 } })
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 1 })
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 90 })
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({
      status: 'failed',
      error: { code: 'provider-rate-limited', retryAfterMs: 90_000, message: expect.stringContaining('in 90 s') },
      metrics: { attempts: 2 },
    })
  })

  it('is not waited for when a limit of spending was reached', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(402)
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({ error: { code: 'provider-quota-exceeded' } })
  })

  it('does not hold a waiting job back from being cancelled', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const reading = readStream(url, id)
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 50 })
    await waits(url, id)
    expect(await (await cancel(url, id)).json()).toMatchObject({ status: 'cancelled', metrics: { attempts: 1 } })
    expect((await reading).final?.event).toBe('cancelled')
    expect(vendor.requests).toBe(1)
  })

  it('makes jobs wait that count against no limit, and is seen in the metrics', async () => {
    const { vendor, url } = await startVendorServer({ MAX_CONCURRENT_JOBS: '1', MAX_QUEUED_JOBS: '1' })
    const ids: string[] = []
    for (let count = 0; count < 3; count++) {
      // Each of its own model, as the pace of the model would hold the next back.
      ids.push((await createJob(url, { ...OPENAI, model: `gpt-4.${count}` })).id)
      ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 50 })
      await waits(url, ids[count] ?? '')
    }
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toContain('promptlab_jobs_waiting_for_vendors 3\n')
    expect(metrics).toContain('promptlab_jobs_waiting 0\n')
    expect(metrics).toContain('promptlab_jobs_put_back_total{provider="openai",reason="rate-limit"} 3\n')
    expect(metrics).toContain('promptlab_jobs_running{provider="openai"} 0\n')
  })

  it('is asked again at its time by a server that was killed meanwhile', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = { DATABASE_URL: await newStorePath(), OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url }
    const first = await ServerProcess.start(env)
    const { id } = await createJob(first.url, OPENAI)
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 3 })
    const { waitingFor } = await waits(first.url, id)
    await first.kill()
    const second = await ServerProcess.start(env)
    expect(await getJob(second.url, id)).toMatchObject({ status: 'pending', waitingFor })
    const exchange = await vendor.nextRequest()
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(waitingFor?.until ?? ''))
    exchange.sendToken('At last')
    exchange.finish()
    await readStream(second.url, id)
    expect(await getJob(second.url, id)).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
  })

  it('is told to a client at a door by a 429, when the vendor wants to wait longer than the client does', async () => {
    const { vendor, url } = await startVendorServer()
    const body = JSON.stringify({ model: 'openai/gpt-4', messages: [{ role: 'user', content: 'Hello' }] })
    const headers = { 'content-type': 'application/json' }
    const answering = fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
    ;(await vendor.nextRequest()).fail(429, { retryAfterSeconds: 61 })
    const answer = await answering
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBeDefined()
    expect(vendor.requests).toBe(1)
  })
})

describe('a vendor whose headers tell when it takes no more requests', () => {
  it('is asked nothing that it would refuse', async () => {
    const { vendor, url } = await startVendorServer({ MAX_CONCURRENT_JOBS: '1' })
    const calls = tellLimits(vendor, { requests: 5, windowMs: 300 })
    const { seconds, ended } = await runManyJobs(url, 20)
    expect(ended.every(({ status }) => status === 'completed')).toBe(true)
    expect(calls).toEqual({ taken: 20, refused: 0 })
    // Four windows.
    expect(seconds).toBeGreaterThanOrEqual(0.6)
  })

  it('does not hold back the jobs of a model whose answers have no such headers, or tell that requests are left', async () => {
    const { vendor, url } = await startVendorServer({ MAX_CONCURRENT_JOBS: '1' })
    vendor.respondWith((exchange) => {
      const { model } = exchange.request
      const remaining = { 'gpt-4': 0, 'gpt-4.1': 1 }[model]
      exchange.start(undefined, remaining === undefined ? {} : limitHeaders(remaining, 60_000))
      exchange.sendToken(model)
      exchange.finish()
    })
    const first = await createJob(url, OPENAI)
    await readStream(url, first.id)
    const held = await createJob(url, OPENAI)
    for (const model of ['gpt-4.1', 'gpt-4o', 'gpt-4.1', 'gpt-4o']) {
      const { id } = await createJob(url, { ...OPENAI, model })
      expect((await readStream(url, id)).text).toBe(model)
    }
    expect(await getJob(url, held.id)).toMatchObject({ status: 'pending' })
    expect(vendor.requests).toBe(5)
    await cancel(url, held.id)
  })
})

describe('many jobs for a vendor that takes 50 requests a second', () => {
  it.each([
    ['tells how long to wait', 1],
    ['does not tell how long to wait', undefined],
  ])('all complete at its rate when it %s', async (_, retryAfterSeconds) => {
    const { vendor, url } = await startVendorServer({ MAX_CONCURRENT_JOBS: '64' })
    const calls = limitVendor(vendor, { perSecond: 50, retryAfterSeconds })
    const { seconds, ended } = await runManyJobs(url, 150)
    expect(ended.every(({ status }) => status === 'completed')).toBe(true)
    expect(calls.taken).toBe(150)
    // The first of them find out the limit.
    expect(calls.refused).toBeLessThanOrEqual(0.3 * 150)
    // Little, as the first second counts and the machine may be busy. test/cluster/paced.e2e.test.ts measures a longer run.
    expect(150 / seconds).toBeGreaterThanOrEqual(0.5 * 50)
  })
})
