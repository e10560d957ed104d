import { JobPage } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, jobOf, postJob, problemOf, readStream, StreamReader } from './job-client.ts'
import { ScriptedProvider } from './scripted-provider.ts'
import { startServer } from './test-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const OPENAI = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }
const never = new Promise<void>(() => {})

const cancel = (url: string, id: string) => fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
const remove = (url: string, id: string) => fetch(`${url}/jobs/${id}`, { method: 'DELETE' })

async function startVendorServer(env: Record<string, string> = {}) {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const config = {
    run: { firstTokenTimeoutMs: 60_000, tokenIdleTimeoutMs: 60_000, jobTimeoutMs: 60_000, retryDelayMs: 1 },
  }
  const server = await startServer({ env: { OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url, ...env }, config })
  return { vendor, url: server.url }
}

describe('POST /jobs/:id/cancel', () => {
  it('ends a job in the middle of its stream: the vendor sees it, readers are told, the text is kept', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const readers = [await StreamReader.open(url, id), await StreamReader.open(url, id)]
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Half')
    for (const reader of readers) await reader.nextToken()

    const response = await cancel(url, id)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'cancelled', result: 'Half', metrics: { tokenCount: 1 } })
    await exchange.closed
    for (const reader of readers) {
      const [final, ...more] = await reader.rest()
      expect(final).toMatchObject({ event: 'cancelled', id: 'end' })
      expect(JSON.parse(final?.data ?? '')).toMatchObject({ tokenCount: 1, attempts: 1 })
      expect(more).toEqual([])
    }
    expect(await readStream(url, id)).toMatchObject({ text: 'Half', final: { event: 'cancelled' } })
  })

  it('ends a job before its first token', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    expect(await (await cancel(url, id)).json()).toMatchObject({
      status: 'cancelled',
      result: '',
      metrics: { ttftMs: null },
    })
    await exchange.closed
  })

  it('ends a job that waits, which never reaches its provider', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider([gate.promise, 'done'])
    const { url } = await startServer({ env: { MAX_CONCURRENT_JOBS: '1' }, providers: [provider] })
    const running = await createJob(url, SCRIPTED)
    const waiting = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, waiting.id)
    expect(await (await cancel(url, waiting.id)).json()).toMatchObject({
      status: 'cancelled',
      result: '',
      metrics: { tokenCount: 0, attempts: 0, durationMs: 0 },
    })
    expect((await reader.rest()).at(-1)).toMatchObject({ event: 'cancelled' })
    gate.resolve()
    expect((await readStream(url, running.id)).text).toBe('done')
    expect(await getJob(url, waiting.id)).toMatchObject({ status: 'cancelled' })
    expect(provider.calls).toBe(1)
  })

  it('gives its place in the queue back', async () => {
    const env = { MAX_CONCURRENT_JOBS: '1', MAX_QUEUED_JOBS: '1' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider([never])] })
    await createJob(url, SCRIPTED)
    const waiting = await createJob(url, SCRIPTED)
    expect((await postJob(url, SCRIPTED)).status).toBe(429)
    await cancel(url, waiting.id)
    expect((await postJob(url, SCRIPTED)).status).toBe(202)
  })

  it('leaves a finished job unchanged, and may be repeated', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    await readStream(url, id)
    const done = await getJob(url, id)
    for (const response of [await cancel(url, id), await cancel(url, id)]) {
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual(done)
    }
    expect((await cancel(url, 'unknown')).status).toBe(404)
  })

  it('races with the end of the job so that one final state wins, for everyone', async () => {
    const { url } = await startServer()
    const rounds = Array.from({ length: 40 }, async () => {
      const { id } = await createJob(url, ECHO)
      const stream = readStream(url, id)
      const cancels = await Promise.all([cancel(url, id), cancel(url, id)])
      const [first, second] = await Promise.all(cancels.map(jobOf))
      const { final, text } = await stream
      const job = await getJob(url, id)
      expect(first).toEqual(job)
      expect(second).toEqual(job)
      expect(final?.event).toBe(job.status === 'completed' ? 'metrics' : 'cancelled')
      expect(job).toMatchObject({ result: text })
      expect(ECHO.prompt.startsWith(text)).toBe(true)
    })
    await Promise.all(rounds)
  })

  it('does not wait for a provider that does not heed it', async () => {
    const deaf = {
      name: 'scripted',
      models: ['script-1'],
      async *complete() {
        yield 'then silence'
        await never
        return undefined
      },
    }
    const { url } = await startServer({ providers: [deaf] })
    const { id } = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, id)
    await reader.nextToken()
    expect(await (await cancel(url, id)).json()).toMatchObject({ status: 'cancelled', result: 'then silence' })
  })
})

describe('DELETE /jobs/:id', () => {
  it('removes a finished job, and refuses one that is not', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider(['text', gate.promise])] })
    const { id } = await createJob(url, SCRIPTED)
    const refused = await remove(url, id)
    expect(refused.status).toBe(409)
    expect(await problemOf(refused)).toMatchObject({ code: 'job-not-finished' })
    gate.resolve()
    await readStream(url, id)
    expect((await remove(url, id)).status).toBe(204)
    for (const response of [
      await remove(url, id),
      await fetch(`${url}/jobs/${id}`),
      await fetch(`${url}/jobs/${id}/stream`),
    ]) {
      expect(response.status).toBe(404)
    }
  })
})

describe('GET /jobs', () => {
  const page = async (url: string, query: string) => JobPage.parse(await (await fetch(`${url}/jobs?${query}`)).json())

  it('pages through all jobs, newest first, each once, while jobs are added', async () => {
    const { url } = await startServer()
    const ids: string[] = []
    for (let count = 0; count < 7; count++) ids.unshift((await createJob(url, ECHO)).id)
    const seen: string[] = []
    let cursor = ''
    do {
      const { data, nextCursor } = await page(url, `limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...data.map(({ id }) => id))
      cursor = nextCursor ?? ''
      await createJob(url, ECHO)
    } while (cursor)
    expect(seen).toEqual(ids)
  })

  it('shows no texts, and filters', async () => {
    const { url } = await startServer()
    const done = await createJob(url, ECHO)
    await readStream(url, done.id)
    const { data, nextCursor } = await page(url, 'status=completed&provider=echo')
    expect(data).toMatchObject([{ id: done.id, prompt: ECHO.prompt, metrics: { tokenCount: 4 } }])
    expect(data[0]).not.toHaveProperty('result')
    expect(nextCursor).toBeNull()
    expect((await page(url, 'status=failed')).data).toEqual([])
    expect((await page(url, 'provider=openai')).data).toEqual([])
  })

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'status=done',
    'cursor=nonsense',
    'cursor=',
    'page=2',
    'limit=1&limit=2',
  ])('refuses %s', async (query) => {
    const response = await fetch(`${(await startServer()).url}/jobs?${query}`)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: query.split('=')[0] }],
    })
  })
})

describe('Idempotency-Key', () => {
  const post = (url: string, body: object, key: string) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    })

  it('gives the same request the first job again, whatever has become of it', async () => {
    const provider = new ScriptedProvider(['done'])
    const { url } = await startServer({ providers: [provider] })
    const first = await post(url, SCRIPTED, 'order-1')
    expect(first.status).toBe(202)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    const { id } = await jobOf(first)
    await readStream(url, id)
    const { provider: name, ...rest } = SCRIPTED
    const again = await post(url, { ...rest, provider: name }, 'order-1')
    expect(again.status).toBe(200)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(`/jobs/${id}`)
    expect(await again.json()).toEqual(await getJob(url, id))
    expect(provider.calls).toBe(1)
  })

  it('makes one job of many requests at once', async () => {
    const provider = new ScriptedProvider(['done'])
    const { url } = await startServer({ providers: [provider] })
    const responses = await Promise.all(Array.from({ length: 20 }, () => post(url, SCRIPTED, 'order-1')))
    const jobs = await Promise.all(responses.map(jobOf))
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1)
    expect(responses.filter(({ status }) => status === 202)).toHaveLength(1)
    await readStream(url, jobs[0]?.id ?? '')
    expect(provider.calls).toBe(1)
    expect(JobPage.parse(await (await fetch(`${url}/jobs`)).json()).data).toHaveLength(1)
  })

  it('refuses another body under the same key', async () => {
    const { url } = await startServer()
    await post(url, ECHO, 'order-1')
    const response = await post(url, { ...ECHO, prompt: 'Another' }, 'order-1')
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({ code: 'idempotency-key-reused' })
  })

  it('replays also when the queue is full', async () => {
    const env = { MAX_CONCURRENT_JOBS: '1', MAX_QUEUED_JOBS: '1' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider([never])] })
    for (const key of ['1', '2']) expect((await post(url, SCRIPTED, key)).status).toBe(202)
    expect((await post(url, SCRIPTED, '3')).status).toBe(429)
    expect((await post(url, SCRIPTED, '2')).status).toBe(200)
  })

  it.each(['with space', 'x'.repeat(256)])('refuses the key "%.20s"', async (key) => {
    const response = await post((await startServer()).url, ECHO, key)
    expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ path: 'idempotency-key' }] })
  })
})

describe('Prefer: wait', () => {
  const post = (url: string, prefer: string, body: object = SCRIPTED) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer },
      body: JSON.stringify(body),
    })

  it('answers 200 with the finished job', async () => {
    const { url } = await startServer()
    const response = await post(url, 'wait=30', ECHO)
    expect(response.status).toBe(200)
    expect(response.headers.get('preference-applied')).toBe('wait=30')
    expect(await response.json()).toMatchObject({ status: 'completed', result: 'Once upon a time' })
  })

  it('answers 200 also when the job fails', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['a', new Error('broken')])] })
    const response = await post(url, 'respond-async, wait=30')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'failed', result: 'a' })
  })

  it('answers 202 when the time is up, and the job goes on', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider([gate.promise, 'late'])] })
    const response = await post(url, 'wait=0')
    expect(response.status).toBe(202)
    const { id } = await jobOf(response)
    gate.resolve()
    expect((await readStream(url, id)).text).toBe('late')
  })

  it('is ignored when it is not understood', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider([never])] })
    for (const prefer of ['wait', 'wait=soon', 'wait=-1', 'return=minimal']) {
      const response = await post(url, prefer)
      expect([response.status, response.headers.get('preference-applied')]).toEqual([202, null])
    }
  })
})

describe('a provider that is busy or down', () => {
  it('is called again before the first token, three times in all, and no more', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    for (const status of [429, 500, 503]) (await vendor.nextRequest()).fail(status)
    const { final } = await readStream(url, id)
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'provider-unavailable', metrics: { attempts: 3 } })
    expect(vendor.requests).toBe(3)
  })

  it('may answer the second call', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).reset()
    const exchange = await vendor.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    expect(await readStream(url, id)).toMatchObject({ text: 'At last', final: { event: 'metrics' } })
    expect(await getJob(url, id)).toMatchObject({ metrics: { attempts: 2 } })
  })

  it('is not called again after the first token, nor when it refused', async () => {
    const { vendor, url } = await startVendorServer()
    const streaming = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Half')
    const reader = await StreamReader.open(url, streaming.id)
    await reader.nextToken()
    exchange.reset()
    await reader.rest()
    expect(await getJob(url, streaming.id)).toMatchObject({
      status: 'failed',
      result: 'Half',
      metrics: { attempts: 1 },
    })

    const refused = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(400)
    await readStream(url, refused.id)
    expect(await getJob(url, refused.id)).toMatchObject({
      error: { code: 'provider-rejected' },
      metrics: { attempts: 1 },
    })
    expect(vendor.requests).toBe(2)
  })

  it('is left in peace for as long as it asks, and given up if that is too long', async () => {
    const waits: number[] = []
    const failures = [1.5, 61].map(
      (seconds) => new ProviderError('busy', { code: 'provider-rate-limited', retryAfterMs: seconds * 1000 }),
    )
    const provider = {
      name: 'scripted',
      models: ['script-1'],
      // biome-ignore lint/correctness/useYield: it fails before its first token
      async *complete() {
        waits.push(performance.now())
        const failure = failures[waits.length - 1]
        if (failure) throw failure
        return undefined
      },
    }
    const config = {
      run: { firstTokenTimeoutMs: 9_999, tokenIdleTimeoutMs: 9_999, jobTimeoutMs: 9_999, retryDelayMs: 1 },
    }
    const { url } = await startServer({ providers: [provider], config })
    const { id } = await createJob(url, SCRIPTED)
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({ error: { code: 'provider-rate-limited' }, metrics: { attempts: 2 } })
    const [first = 0, second = 0] = waits
    expect(second - first).toBeGreaterThanOrEqual(1_499)
  })

  it('can be cancelled between two calls', async () => {
    const config = {
      run: { firstTokenTimeoutMs: 60_000, tokenIdleTimeoutMs: 60_000, jobTimeoutMs: 60_000, retryDelayMs: 60_000 },
    }
    const provider = new ScriptedProvider([new ProviderError('down', { code: 'provider-unavailable' })])
    const { url } = await startServer({ providers: [provider], config })
    const { id } = await createJob(url, SCRIPTED)
    await vi.waitUntil(() => provider.calls === 1)
    expect(await (await cancel(url, id)).json()).toMatchObject({ status: 'cancelled', metrics: { attempts: 1 } })
  })
})

describe('a provider that is silent', () => {
  it.each([
    ['FIRST_TOKEN_TIMEOUT_MS', [never], ''],
    ['TOKEN_IDLE_TIMEOUT_MS', ['some', ' text', never], 'some text'],
    ['JOB_TIMEOUT_MS', ['some', never], 'some'],
  ] as const)('is given up after %s', async (variable, steps, text) => {
    const provider = new ScriptedProvider(steps)
    const { url } = await startServer({ env: { [variable]: '50' }, providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const stream = await readStream(url, id)
    expect(stream.text).toBe(text)
    expect(JSON.parse(stream.final?.data ?? '')).toMatchObject({ code: 'provider-timeout', retryable: true })
    expect(provider.calls).toBe(1)
  })

  it('does not hold up the jobs of other providers', async () => {
    const stuck = new ScriptedProvider([never])
    const { url } = await startServer({
      env: { MAX_CONCURRENT_JOBS: '4' },
      providers: [stuck, Object.assign(new ScriptedProvider(['well']), { name: 'other' })],
    })
    for (let count = 0; count < 10; count++) await createJob(url, SCRIPTED)
    const { id } = await createJob(url, { ...SCRIPTED, provider: 'other' })
    expect((await readStream(url, id)).text).toBe('well')
  })
})
