import { readFile } from 'node:fs/promises'
import { Job } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import {
  type LoopbackVendor,
  startAnthropicVendor,
  startGeminiVendor,
  startOpenAIVendor,
} from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { newStorePath, startServer } from '../support/test-server.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const KEY = 'sk-very-secret-key-0123456789'

async function startVendor(start: () => Promise<LoopbackVendor>): Promise<LoopbackVendor> {
  const vendor = await start()
  onTestFinished(() => vendor.close())
  return vendor
}

describe('a job', () => {
  it('is stored as running in one write when a slot is free, else as pending', async () => {
    const gate = Promise.withResolvers<void>()
    const path = await newStorePath()
    const providers = [new ScriptedProvider([gate.promise, 'text'])]
    const { url } = await startServer({ providers, env: { DATABASE_URL: path, MAX_CONCURRENT_JOBS: '1' } })
    const first = await createJob(url, SCRIPTED)
    const stored = await readFile(path, 'utf8')
    expect(stored).toContain('"status":"running"')
    const second = await createJob(url, SCRIPTED)
    expect([first.status, second.status]).toEqual(['pending', 'pending'])
    expect([(await getJob(url, first.id)).status, (await getJob(url, second.id)).status]).toEqual([
      'running',
      'pending',
    ])
    gate.resolve()
    for (const { id } of [first, second]) expect((await readStream(url, id)).text).toBe('text')
  })

  it('is created, streamed and stored', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    const { text, tokens, final } = await readStream(url, id)
    expect(text).toBe('Once upon a time')
    expect(tokens.at(-1)?.id).toBe('16')
    expect(final).toMatchObject({ event: 'metrics', id: 'end' })

    const job = await getJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: 'Once upon a time' })
    const metrics: unknown = JSON.parse(final?.data ?? '')
    expect(job).toMatchObject({ metrics })
    expect(metrics).toEqual({
      durationMs: expect.any(Number),
      tokenCount: 4,
      ttftMs: expect.any(Number),
      queuedMs: expect.any(Number),
      attempts: 1,
    })
  })

  it('has a stream with the documented bytes', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider(['Once', gate.promise, ' upon'])] })
    const { id } = await createJob(url, SCRIPTED)
    const response = await fetch(`${url}/jobs/${id}/stream`)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    gate.resolve()
    expect(await response.text()).toMatch(
      /^retry: 2000\n\nid: 4\ndata: \{"token":"Once"\}\n\nid: 9\ndata: \{"token":" upon"\}\n\nevent: metrics\nid: end\ndata: \{"durationMs":\d+,"tokenCount":2,"ttftMs":\d+,"queuedMs":\d+,"attempts":1\}\n\n$/,
    )
  })

  it.each([
    ['openai', 'gpt-4', startOpenAIVendor, 'OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    ['anthropic', 'claude-opus-5-5', startAnthropicVendor, 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'],
    ['gemini', 'gemini-pro', startGeminiVendor, 'GEMINI_API_KEY', 'GEMINI_BASE_URL'],
  ] as const)('works through %s', async (provider, model, start, keyName, urlName) => {
    const vendor = await startVendor(start)
    const { url } = await startServer({ env: { [keyName]: KEY, [urlName]: vendor.url } })
    const options = { system: 'Be brief.', temperature: 0.5, maxTokens: 20 }
    const { id } = await createJob(url, { prompt: 'Say hello', provider, model, options })
    const exchange = await vendor.nextRequest()
    expect(exchange.request).toMatchObject({ prompt: 'Say hello', model, ...options })

    const reader = await StreamReader.open(url, id)
    exchange.sendToken('Grüß ')
    expect(await reader.nextToken()).toBe('Grüß ')
    exchange.sendToken('dich 🙂')
    expect(await reader.nextToken()).toBe('dich 🙂')
    exchange.finish({ usage: { inputTokens: 7, outputTokens: 3 } })
    const final = (await reader.rest()).at(-1)
    expect(final).toMatchObject({ event: 'metrics', id: 'end' })
    expect(JSON.parse(final?.data ?? '')).toMatchObject({
      tokenCount: 2,
      usage: { inputTokens: 7, outputTokens: 3 },
      finishReason: 'stop',
    })
    expect(await getJob(url, id)).toMatchObject({ status: 'completed', result: 'Grüß dich 🙂' })
    expect(vendor.requests).toBe(1)
  })
})

describe('a failing provider', () => {
  it.each([
    ['openai', 'gpt-4', startOpenAIVendor, 'OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    ['anthropic', 'claude-opus-5-5', startAnthropicVendor, 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'],
    ['gemini', 'gemini-pro', startGeminiVendor, 'GEMINI_API_KEY', 'GEMINI_BASE_URL'],
  ] as const)(
    '%s: fails the job before its first token, and shows no secret',
    async (provider, model, start, keyName, urlName) => {
      const vendor = await startVendor(start)
      const { url } = await startServer({ env: { [keyName]: KEY, [urlName]: vendor.url } })
      const { id } = await createJob(url, { prompt: 'Hello', provider, model })
      const exchange = await vendor.nextRequest()
      exchange.fail(401, { message: `Incorrect API key provided: ${KEY}` })

      const { text, final } = await readStream(url, id)
      expect(text).toBe('')
      expect(final?.event).toBe('error')
      expect(final?.data).not.toContain(KEY)
      expect(JSON.parse(final?.data ?? '')).toEqual({
        code: 'provider-auth',
        message: expect.stringContaining(provider),
        retryable: false,
        metrics: {
          durationMs: expect.any(Number),
          tokenCount: 0,
          ttftMs: null,
          queuedMs: expect.any(Number),
          attempts: 1,
        },
      })
      const job = await getJob(url, id)
      expect(job).toMatchObject({ status: 'failed', result: '', error: { code: 'provider-auth', retryable: false } })
    },
  )

  it('fails a streaming job and keeps its text', async () => {
    const vendor = await startVendor(startOpenAIVendor)
    const { url } = await startServer({ env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: vendor.url } })
    const { id } = await createJob(url, { prompt: 'Hello', provider: 'openai', model: 'gpt-4' })
    const exchange = await vendor.nextRequest()
    const reader = await StreamReader.open(url, id)
    exchange.sendToken('Half a ')
    expect(await reader.nextToken()).toBe('Half a ')
    exchange.reset()

    const final = (await reader.rest()).at(-1)
    expect(final).toMatchObject({ event: 'error', id: 'end' })
    expect(JSON.parse(final?.data ?? '')).toMatchObject({
      code: 'provider-unavailable',
      retryable: true,
      metrics: { tokenCount: 1, ttftMs: expect.any(Number) },
    })
    expect(await getJob(url, id)).toMatchObject({ status: 'failed', result: 'Half a ' })
    expect(await readStream(url, id)).toMatchObject({ text: 'Half a ', final: { event: 'error' } })
  })

  it('fails the job as "internal" after an unexpected error, whose message it does not show', async () => {
    const provider = new ScriptedProvider(['some', new Error('secret detail')])
    const { url } = await startServer({ providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const { text, final } = await readStream(url, id)
    expect(text).toBe('some')
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'internal', retryable: false })
    expect(final?.data).not.toContain('secret detail')
    expect((await createJob(url, SCRIPTED)).status).toBe('pending')
  })

  it('marks a failure as retryable when the same job may succeed later', async () => {
    const error = new ProviderError('busy', { code: 'provider-rate-limited' })
    const config = { run: { ...PATIENT, patienceMs: 0 } }
    const { url } = await startServer({ providers: [new ScriptedProvider([error])], config })
    const { id } = await createJob(url, SCRIPTED)
    const { final } = await readStream(url, id)
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'provider-rate-limited', retryable: true })
  })
})

describe('a restart', () => {
  it('serves the stream of a finished job from its stored result', async () => {
    const DATABASE_URL = await newStorePath()
    const first = await startServer({ env: { DATABASE_URL } })
    const { id } = await createJob(first.url, ECHO)
    const before = await readStream(first.url, id)
    const stored = await getJob(first.url, id)
    await first.app.close()

    const { url } = await startServer({ env: { DATABASE_URL } })
    expect(await getJob(url, id)).toEqual(stored)
    const after = await readStream(url, id)
    expect(after.text).toBe(before.text)
    expect(after.final).toEqual(before.final)
    expect((await readStream(url, id, { after: 4 })).text).toBe(' upon a time')
  })

  it('runs jobs that were pending, and fails jobs that were running as interrupted', async () => {
    const DATABASE_URL = await newStorePath()
    const provider = new ScriptedProvider(['begun', new Promise(() => {})])
    const env = { DATABASE_URL, MAX_CONCURRENT_JOBS: '1' }
    const first = await startServer({ env, providers: [provider] })
    const running = await createJob(first.url, SCRIPTED)
    const waiting = await createJob(first.url, SCRIPTED)
    const reader = await StreamReader.open(first.url, running.id)
    await reader.nextToken()
    await first.app.close()
    // The stream ended without a final event: clients reconnect.
    expect((await reader.rest()).filter(({ event }) => event)).toEqual([])

    const { url } = await startServer({ env, providers: [new ScriptedProvider(['ran', ' later'])] })
    expect((await readStream(url, waiting.id)).text).toBe('ran later')
    expect(await getJob(url, running.id)).toMatchObject({
      status: 'failed',
      result: 'begun',
      error: { code: 'interrupted', retryable: true },
    })
    const resumed = await readStream(url, running.id, { after: 2 })
    expect(resumed.text).toBe('gun')
    expect(JSON.parse(resumed.final?.data ?? '')).toMatchObject({ code: 'interrupted', metrics: { tokenCount: 1 } })
    expect(provider.calls).toBe(1)
  })
})

describe('the queue', () => {
  it('accepts as many jobs as it has room for, and stores none that it refuses', async () => {
    const gate = Promise.withResolvers<void>()
    const env = { MAX_CONCURRENT_JOBS: '2', MAX_QUEUED_JOBS: '3' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider([gate.promise, 'done'])] })
    const responses = await Promise.all(Array.from({ length: 20 }, () => postJob(url, SCRIPTED)))
    const accepted = responses.filter(({ status }) => status === 202)
    const refused = responses.filter(({ status }) => status === 429)
    expect([accepted.length, refused.length]).toEqual([5, 15])
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(await problemOf(refused[0] ?? Response.error())).toMatchObject({ code: 'queue-full' })
    gate.resolve()
    for (const response of accepted) {
      expect((await readStream(url, Job.parse(await response.json()).id)).text).toBe('done')
    }
    expect((await postJob(url, SCRIPTED)).status).toBe(202)
  })
})

describe('the record of a running job', () => {
  it('has the text of its stream up to the last seconds', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const reader = await StreamReader.open(url, id)
    for (const token of ['Once', ' upon']) {
      exchange.sendToken(token)
      await reader.nextToken()
    }
    const sentAt = performance.now()
    const job = await vi.waitUntil(async () => {
      const found = await getJob(url, id)
      return found.status === 'running' && found.result === 'Once upon' && found
    }, 10_000)
    expect(performance.now() - sentAt).toBeLessThan(5_000)
    expect(job).toMatchObject({ status: 'running', metrics: { tokenCount: 2 } })
  })
})
