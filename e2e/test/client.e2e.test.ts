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

describe('run', () => {
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

  it('gives the result to who wants no tokens', async () => {
    const { client } = await startEcho()
    const run = client.run(ECHO)
    expect(await run.result()).toEqual({ jobId: run.jobId, text: 'Once upon a time', metrics: run.metrics })
  })

  it('throws how a job failed, with the text that it has', async () => {
    const { client } = await startScripted(['par', 'tial', new Error('Down')])
    const error = await client
      .run(SCRIPTED)
      .result()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobFailedError)
    expect(error).toMatchObject({ code: 'internal', retryable: false, text: 'partial', metrics: { tokenCount: 2 } })
  })

  it('throws that a job was cancelled, with the text that it has', async () => {
    const { client } = await startScripted(['par', new Promise(() => {})])
    const run = client.run(SCRIPTED)
    const error = await (async () => {
      for await (const _ of run) await client.cancel(run.jobId ?? '')
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobCancelledError)
    expect(error).toMatchObject({ text: 'par', jobId: run.jobId })
  })
})

describe('stream', () => {
  it('begins behind the text that one has', async () => {
    const { client } = await startEcho()
    const { id } = await client.create(ECHO)
    expect(await client.stream(id, { after: 9 }).result()).toMatchObject({ text: ' a time' })
  })

  it('closes its connection when the loop is left, and the job runs on', async () => {
    const gate = Promise.withResolvers<void>()
    const { client, app } = await startScripted(['a', gate.promise, 'b'])
    const run = client.run(SCRIPTED)
    for await (const _ of run) break
    await vi.waitUntil(() => app.openStreams.count === 0)
    gate.resolve()
    expect(await client.wait(run.jobId ?? '')).toMatchObject({ status: 'completed', result: 'ab' })
  })

  it('throws the reason of an abort, and closes its connection', async () => {
    const { client, app } = await startScripted(['a', new Promise(() => {})])
    const leaving = new AbortController()
    const reason = new Error('Enough')
    const reading = (async () => {
      for await (const _ of client.run(SCRIPTED, { signal: leaving.signal })) leaving.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    await vi.waitUntil(() => app.openStreams.count === 0)
  })

  it('says when it reconnects, and goes on when the server is back', async () => {
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

  it('opens a connection anew that has been silent for too long', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startScripted(['a', gate.promise, 'b'])
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1, silenceMs: 200 })
    const run = client.run(SCRIPTED, {
      onReconnect: () => {
        proxy.restore()
        gate.resolve()
      },
    })
    for await (const token of run) if (token === 'a') proxy.mute()
    expect(run.text).toBe('ab')
  })

  it('gives up when the server stays away', async () => {
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

  it('of a job that does not exist is refused at once', async () => {
    const { client } = await startEcho()
    const error = await client
      .stream('nothing')
      .result()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 404, code: 'job-not-found', problem: { title: 'No such job' } })
  })
})

describe('create', () => {
  it('makes one job when the answer is lost', async () => {
    const { url, client: direct } = await startEcho()
    const proxy = await CuttableProxy.start(url)
    let connections = 0
    proxy.limit(() => (++connections < 4 ? 20 : 1_000_000))
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    const { id } = await client.create(ECHO)
    expect(connections).toBe(4)
    expect(await Array.fromAsync(direct.list())).toMatchObject([{ id }])
  })

  it('makes the same job for the same key', async () => {
    const { client } = await startEcho()
    const [first, second] = [
      await client.create(ECHO, { idempotencyKey: 'k' }),
      await client.create(ECHO, { idempotencyKey: 'k' }),
    ]
    expect(second.id).toBe(first.id)
    expect((await client.create(ECHO)).id).not.toBe(first.id)
  })

  it('answers with the finished job when it is asked to wait', async () => {
    const { client } = await startEcho()
    expect(await client.create(ECHO, { waitSeconds: 30 })).toMatchObject({ status: 'completed', result: ECHO.prompt })
  })

  it('of what is not valid is refused with every fault', async () => {
    const { client } = await startEcho()
    const error = await client.create({ ...ECHO, prompt: ' ' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid-request', problem: { errors: [{ path: 'prompt' }] } })
  })

  it('for a provider without a key is not tried again', async () => {
    const { client } = await startEcho()
    const error = await client
      .create({ ...ECHO, provider: 'openai', model: 'gpt-4' })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 503, code: 'provider-key-missing' })
  })
})

it('waits for a job to end, whatever its end is', async () => {
  const gate = Promise.withResolvers<void>()
  const { client } = await startScripted(['a', gate.promise, new Error('Down')])
  const { id } = await client.create(SCRIPTED)
  const waiting = client.wait(id)
  gate.resolve()
  expect(await waiting).toMatchObject({ status: 'failed', result: 'a', error: { code: 'internal' } })
})

it('lists jobs over all pages, and filters them', async () => {
  const { client } = await startEcho()
  const ids: string[] = []
  for (let count = 0; count < 5; count++) ids.unshift((await client.create(ECHO, { waitSeconds: 30 })).id)
  const listed = await Array.fromAsync(client.list({ limit: 2 }))
  expect(listed.map(({ id }) => id)).toEqual(ids)
  expect(await Array.fromAsync(client.list({ status: 'failed' }))).toEqual([])
  expect((await client.listPage({ limit: 2, provider: 'echo' })).data.length).toBe(2)
})

it('deletes a job', async () => {
  const { client } = await startEcho()
  const { jobId } = await client.run(ECHO).result()
  await client.delete(jobId)
  await expect(client.get(jobId)).rejects.toMatchObject({ code: 'job-not-found' })
  await expect(client.delete(jobId)).rejects.toMatchObject({ code: 'job-not-found' })
})

it('tells the providers', async () => {
  const { client } = await startEcho()
  expect(await client.providers()).toContainEqual({ name: 'echo', models: ['echo'], configured: true, missing: [] })
})

it('takes an address with a slash at its end', async () => {
  const { url } = await startEcho()
  expect(await new PromptLabClient({ baseUrl: `${url}/` }).listPage()).toMatchObject({ data: [] })
})

it('says so when something else answers', async () => {
  const client = new PromptLabClient({
    baseUrl: 'http://127.0.0.1',
    maxRetries: 1,
    retryDelayMs: 1,
    fetch: async () => new Response('<html>Welcome to the hotel</html>'),
  })
  await expect(client.providers()).rejects.toBeInstanceOf(ConnectionError)
  await expect(client.listPage()).rejects.toBeInstanceOf(ConnectionError)
})
