import { CuttableProxy, ScriptedProvider, startServer } from '@promptlab/api/testing'
import { ApiError, ConnectionError, JobCancelledError, JobFailedError, PromptLabClient } from '@promptlab/client'
import { describe, expect, it, vi } from 'vitest'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }

async function startEcho() {
  const { url, app } = await startServer()
  return { url, app, client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

async function startScripted(steps: ConstructorParameters<typeof ScriptedProvider>[0]) {
  const provider = new ScriptedProvider(steps)
  const { url, app } = await startServer({ providers: [provider] })
  return { app, url, provider, client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

describe('PromptLabClient.run', () => {
  it('creates a job and streams its tokens, its text and its metrics', async () => {
    const { client } = await startEcho()
    const run = client.run(ECHO)
    expect(run.jobId).toBeUndefined()
    const tokens = await Array.fromAsync(run)
    expect(tokens).toEqual(['Once', ' upon', ' a', ' time'])
    expect(run.text).toBe('Once upon a time')
    expect(run.metrics).toMatchObject({ tokenCount: 4 })
    expect(await client.get(run.jobId ?? '')).toMatchObject({ status: 'completed', result: 'Once upon a time' })
  })

  it('returns the whole text with `result()`', async () => {
    const { client } = await startEcho()
    const run = client.run(ECHO)
    expect(await run.result()).toEqual({ jobId: run.jobId, text: 'Once upon a time', metrics: run.metrics })
  })

  it('throws JobFailedError with the text up to the failure', async () => {
    const { client } = await startScripted(['par', 'tial', new Error('Down')])
    const error = await client
      .run(SCRIPTED)
      .result()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobFailedError)
    expect(error).toMatchObject({ code: 'internal', retryable: false, text: 'partial', metrics: { tokenCount: 2 } })
  })

  it('throws JobCancelledError with the text up to the cancellation', async () => {
    const { client } = await startScripted(['par', new Promise(() => {})])
    const run = client.run(SCRIPTED)
    const error = await (async () => {
      for await (const _ of run) await client.cancel(run.jobId ?? '')
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobCancelledError)
    expect(error).toMatchObject({ text: 'par', jobId: run.jobId })
  })
})

describe('PromptLabClient.rerun', () => {
  it('makes one job of the same input for one call, also when a response is lost', async () => {
    const { client, url } = await startEcho()
    const { id } = await client.create(ECHO, { waitSeconds: 60 })
    let requests = 0
    const losing: typeof fetch = async (...request) => {
      const response = await fetch(...request)
      if (requests++ === 0) throw new TypeError('The response was lost')
      return response
    }
    const unlucky = new PromptLabClient({ baseUrl: url, retryDelayMs: 1, fetch: losing })
    const again = await unlucky.rerun(id, { options: { system: 'Be brief.' } })
    expect(again).toMatchObject({ rerunOf: id, prompt: ECHO.prompt, options: { system: 'Be brief.' } })
    expect(await Array.fromAsync(client.stream(again.id))).toEqual(['Once', ' upon', ' a', ' time'])
    expect((await Array.fromAsync(client.list())).map((job) => job.id)).toEqual([again.id, id])
    expect(await client.rerun(id, undefined, { waitSeconds: 60 })).toMatchObject({ status: 'completed', rerunOf: id })
  })
})

describe('PromptLabClient.fork', () => {
  it('goes on where a loop over the text was left', async () => {
    const { client } = await startEcho()
    const run = client.run(ECHO)
    for await (const _ of run) if (run.text === 'Once upon') break
    const id = run.jobId ?? ''
    await client.wait(id)
    const fork = await client.fork(id, { at: String(run.cursor), prompt: 'And?' }, { waitSeconds: 60 })
    expect(fork).toMatchObject({ result: 'And?', forkOf: { jobId: id, at: 9 } })
    expect(fork.messages?.[1]).toEqual({ role: 'assistant', content: 'Once upon' })
    await expect(client.fork(id, { at: 17 })).rejects.toMatchObject({ code: 'invalid-request' })
  })
})

describe('PromptLabClient.stream', () => {
  it('begins behind the place given as `after`', async () => {
    const { client } = await startEcho()
    const { id } = await client.create(ECHO)
    expect(await client.stream(id, { after: 9 }).result()).toMatchObject({ text: ' a time' })
  })

  it('closes its connection when the loop is left, while the job runs on', async () => {
    const gate = Promise.withResolvers<void>()
    const { client, app } = await startScripted(['a', gate.promise, 'b'])
    const run = client.run(SCRIPTED)
    for await (const _ of run) break
    await vi.waitUntil(() => app.openStreams.count === 0)
    gate.resolve()
    expect(await client.wait(run.jobId ?? '')).toMatchObject({ status: 'completed', result: 'ab' })
  })

  it('throws the reason of its signal when it aborts, and closes its connection', async () => {
    const { client, app } = await startScripted(['a', new Promise(() => {})])
    const leaving = new AbortController()
    const reason = new Error('Enough')
    const reading = (async () => {
      for await (const _ of client.run(SCRIPTED, { signal: leaving.signal })) leaving.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    await vi.waitUntil(() => app.openStreams.count === 0)
  })

  it('calls onReconnect before each new connection, and resumes when the server is back', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startScripted(['a', gate.promise, 'b'])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    const reconnects: unknown[] = []
    const run = client.run(SCRIPTED, {
      onReconnect: ({ failures, error }) => {
        reconnects.push(error)
        if (failures === 3) proxy.restore()
        gate.resolve()
      },
    })
    for await (const token of run) if (token === 'a') proxy.cut()
    expect(run.text).toBe('ab')
    expect(reconnects.length).toBeGreaterThanOrEqual(3)
    expect(reconnects[0]).toBeInstanceOf(ConnectionError)
  })

  it('reconnects when the connection is idle for longer than idleTimeoutMs', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startScripted(['a', gate.promise, 'b'])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1, idleTimeoutMs: 200 })
    const run = client.run(SCRIPTED, {
      onReconnect: () => {
        proxy.restore()
        gate.resolve()
      },
    })
    for await (const token of run) if (token === 'a') proxy.mute()
    expect(run.text).toBe('ab')
  })

  it('throws ConnectionError when more than maxReconnects connections in a row fail', async () => {
    const { url } = await startScripted(['a', new Promise(() => {})])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1, maxReconnects: 3 })
    const run = client.run(SCRIPTED)
    const reading = (async () => {
      for await (const _ of run) proxy.cut()
    })()
    await expect(reading).rejects.toBeInstanceOf(ConnectionError)
    expect(run.text).toBe('a')
  })

  it('throws ApiError at once for a job that does not exist', async () => {
    const { client } = await startEcho()
    const error = await client
      .stream('nothing')
      .result()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 404, code: 'job-not-found', problem: { title: 'No such job' } })
  })
})

describe('PromptLabClient.create', () => {
  it('creates one job when responses are lost', async () => {
    const { url, client: direct } = await startEcho()
    const proxy = await CuttableProxy.start(url)
    let connections = 0
    proxy.limit(() => (++connections < 4 ? 20 : 1_000_000))
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    const { id } = await client.create(ECHO)
    expect(connections).toBe(4)
    expect(await Array.fromAsync(direct.list())).toMatchObject([{ id }])
  })

  it('returns the same job for the same idempotency key', async () => {
    const { client } = await startEcho()
    const [first, second] = [
      await client.create(ECHO, { idempotencyKey: 'k' }),
      await client.create(ECHO, { idempotencyKey: 'k' }),
    ]
    expect(second.id).toBe(first.id)
    expect((await client.create(ECHO)).id).not.toBe(first.id)
  })

  it('returns the finished job with waitSeconds', async () => {
    const { client } = await startEcho()
    expect(await client.create(ECHO, { waitSeconds: 30 })).toMatchObject({ status: 'completed', result: ECHO.prompt })
  })

  it('throws ApiError with the faults of an invalid request', async () => {
    const { client } = await startEcho()
    const error = await client.create({ ...ECHO, prompt: ' ' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid-request', problem: { errors: [{ path: 'prompt' }] } })
  })

  it('throws at once when the provider has no API key', async () => {
    const { client } = await startEcho()
    const error = await client
      .create({ ...ECHO, provider: 'openai', model: 'gpt-4' })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 503, code: 'provider-key-missing' })
  })
})

it('PromptLabClient.wait > returns the job when it has ended, also when it failed', async () => {
  const gate = Promise.withResolvers<void>()
  const { client } = await startScripted(['a', gate.promise, new Error('Down')])
  const { id } = await client.create(SCRIPTED)
  const waiting = client.wait(id)
  gate.resolve()
  expect(await waiting).toMatchObject({ status: 'failed', result: 'a', error: { code: 'internal' } })
})

it('PromptLabClient.list > lists the jobs of all pages, and filters them', async () => {
  const { client } = await startEcho()
  const ids: string[] = []
  for (let count = 0; count < 5; count++) ids.unshift((await client.create(ECHO, { waitSeconds: 30 })).id)
  const listed = await Array.fromAsync(client.list({ limit: 2 }))
  expect(listed.map(({ id }) => id)).toEqual(ids)
  expect(await Array.fromAsync(client.list({ status: 'failed' }))).toEqual([])
  expect((await client.listPage({ limit: 2, provider: 'echo' })).data.length).toBe(2)
})

it('PromptLabClient.fixture > gives what a job asked and was answered', async () => {
  const { client } = await startEcho()
  const { jobId } = await client.run(ECHO).result()
  const { request, answer, from } = await client.fixture(jobId)
  expect(request).toMatchObject(ECHO)
  expect(answer.map((piece) => ('text' in piece ? piece.text : '')).join('')).toBe(ECHO.prompt)
  expect(from?.jobId).toBe(jobId)
  await expect(client.fixture('none')).rejects.toMatchObject({ code: 'job-not-found' })
})

it('PromptLabClient.delete > deletes a job', async () => {
  const { client } = await startEcho()
  const { jobId } = await client.run(ECHO).result()
  await client.delete(jobId)
  await expect(client.get(jobId)).rejects.toMatchObject({ code: 'job-not-found' })
  await expect(client.delete(jobId)).rejects.toMatchObject({ code: 'job-not-found' })
})

it('PromptLabClient.providers > lists the providers', async () => {
  const { client } = await startEcho()
  const [echo] = await client.providers()
  expect(echo).toMatchObject({ name: 'echo', models: ['echo'], configured: true, missing: [] })
  expect(echo?.capabilities).toMatchObject({ messages: true, imageTypes: [], urls: false })
})

it('PromptLabClient > accepts a baseUrl with a slash at its end', async () => {
  const { url } = await startEcho()
  expect(await new PromptLabClient({ baseUrl: `${url}/` }).listPage()).toMatchObject({ data: [] })
})

it('PromptLabClient > throws ConnectionError when another server answers', async () => {
  const client = new PromptLabClient({
    baseUrl: 'http://127.0.0.1',
    maxRetries: 1,
    retryDelayMs: 1,
    fetch: async () => new Response('<html>Welcome to the hotel</html>'),
  })
  await expect(client.providers()).rejects.toBeInstanceOf(ConnectionError)
  await expect(client.listPage()).rejects.toBeInstanceOf(ConnectionError)
})
