import { StreamEvent } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { describe, expect, it, vi } from 'vitest'
import { createJob, getJob, problemOf, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

const stream = (url: string, id: string, accept: string, query = '') =>
  fetch(`${url}/jobs/${id}/stream${query}`, { headers: { accept } })

describe('the media type of a stream', () => {
  it.each([
    ['text/event-stream', 'text/event-stream; charset=utf-8'],
    ['*/*', 'text/event-stream; charset=utf-8'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/event-stream; charset=utf-8'],
    ['text/*', 'text/event-stream; charset=utf-8'],
    ['application/x-ndjson', 'application/x-ndjson; charset=utf-8'],
    ['text/event-stream;q=0.5, application/x-ndjson', 'application/x-ndjson; charset=utf-8'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/event-stream; charset=utf-8', 'text/event-stream; charset=utf-8'],
    ['application/x-ndjson;charset="UTF-8";q=0.9, text/html', 'application/x-ndjson; charset=utf-8'],
  ])('for Accept: %s is %s', async (accept, type) => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    const response = await stream(url, id, accept)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.text()).toMatch(/Once/)
  })

  it('is escaped so that no reader takes a character of the text for the end of a line', async () => {
    const text = 'a\u2028b\u2029c\u0085d\ne'
    const { url } = await startServer({ providers: [new ScriptedProvider([text])] })
    const { id } = await createJob(url, SCRIPTED)
    for (const accept of ['text/event-stream', 'application/x-ndjson']) {
      const body = await (await stream(url, id, accept)).text()
      expect(body).not.toMatch(/[\u0085\u2028\u2029]/)
      expect(body).toContain('a\\u2028b\\u2029c\\u0085d\\ne')
    }
    expect(await (await stream(url, id, 'text/plain')).text()).toBe(text)
  })

  it.each(['application/json', 'image/png', 'text/html'])('is refused with 406 for Accept: %s', async (accept) => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    const response = await stream(url, id, accept)
    expect(response.status).toBe(406)
    expect(await problemOf(response)).toMatchObject({ code: 'not-acceptable' })
  })
})

describe('application/x-ndjson', () => {
  it('has the events of text/event-stream, one a line', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    const lines = (await (await stream(url, id, 'application/x-ndjson', '?after=4')).text()).trimEnd().split('\n')
    const events = lines.map((line) => StreamEvent.parse(JSON.parse(line)))
    const tokens = events.flatMap((event) => (event.event === 'token' ? [event] : []))
    expect(tokens.map(({ data }) => data.token).join('')).toBe(' upon a time')
    expect(tokens.at(-1)?.id).toBe(16)
    expect(events.at(-1)).toMatchObject({ event: 'metrics', id: 'end', data: { tokenCount: 4 } })
  })
})

describe('text/plain', () => {
  it('is the text alone', async () => {
    const text = 'Grüße 🙂, {"token":1}\n\ndata: x'
    const { url } = await startServer({ providers: [new ScriptedProvider(text.split(''))] })
    const { id } = await createJob(url, SCRIPTED)
    expect(await (await stream(url, id, 'text/plain')).text()).toBe(text)
    expect(await (await stream(url, id, 'text/plain', '?after=6')).text()).toBe(text.slice(6))
  })

  it('breaks the connection when the job does not complete, so that a part does not look like the whole', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['a part', new Error('broken')])] })
    const { id } = await createJob(url, SCRIPTED)
    // Of the running job, and of the finished one.
    for (let readers = 0; readers < 2; readers++) {
      const response = await stream(url, id, 'text/plain')
      expect(response.status).toBe(200)
      const reading = response.body?.getReader()
      expect(new TextDecoder().decode((await reading?.read())?.value)).toBe('a part')
      await expect(reading?.read()).rejects.toThrow('terminated')
      await vi.waitUntil(async () => (await getJob(url, id)).status === 'failed')
    }
    expect(await getJob(url, id)).toMatchObject({ status: 'failed', result: 'a part' })
  })

  it.each([
    ['provider-rejected', 422],
    ['provider-auth', 502],
    ['provider-unavailable', 502],
    ['provider-malformed', 502],
    ['provider-rate-limited', 503],
    ['provider-timeout', 504],
  ] as const)('of a job that fails with %s before its first text is answered with %i', async (code, status) => {
    const gate = Promise.withResolvers<void>()
    const failure = new ProviderError('It failed', { code, retryable: false })
    const { url } = await startServer({ providers: [new ScriptedProvider([gate.promise, failure])] })
    const { id } = await createJob(url, SCRIPTED)
    const early = stream(url, id, 'text/plain')
    gate.resolve()
    const job = await (await fetch(`${url}/jobs/${id}/stream`)).text()
    for (const response of [await early, await stream(url, id, 'text/plain')]) {
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      const problem = await problemOf(response)
      expect(problem).toMatchObject({ code, status, instance: `/jobs/${id}/stream` })
      expect(job).toContain(JSON.stringify(problem.detail))
    }
  })

  it('of a job that is cancelled before its first text is answered with 409', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const response = stream(url, id, 'text/plain')
    await vendor.nextRequest()
    await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
    expect((await response).status).toBe(409)
    expect(await problemOf(await response)).toMatchObject({ code: 'job-cancelled' })
  })

  it('of a job that completes without text is an empty 200', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider([])] })
    const { id } = await createJob(url, SCRIPTED)
    const response = await stream(url, id, 'text/plain')
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('that has not begun when the server stops is answered with 503', async () => {
    const { app, url } = await startServer({ providers: [new ScriptedProvider([new Promise(() => {})])] })
    const { id } = await createJob(url, SCRIPTED)
    const early = stream(url, id, 'text/plain')
    await vi.waitUntil(() => app.openStreams.count === 1)
    await app.close()
    expect((await early).status).toBe(503)
    expect(await problemOf(await early)).toMatchObject({ code: 'shutting-down' })
  })
})

describe('POST /jobs with Accept of a stream', () => {
  const create = (url: string, accept: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...headers },
      body: JSON.stringify(body),
    })

  it('creates a job and streams it, with the location of the job', async () => {
    const { vendor, url } = await startVendorServer()
    const response = await create(url, 'text/event-stream', OPENAI)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const location = response.headers.get('location') ?? ''
    const exchange = await vendor.nextRequest()
    const other = await StreamReader.open(url, location.split('/').at(-1) ?? '')
    exchange.sendToken('Hello')
    expect(await other.nextToken()).toBe('Hello')
    exchange.finish()
    const text = await response.text()
    expect(text).toMatch(/^retry: 2000\n\nid: 5\ndata: \{"token":"Hello"\}\n\nevent: metrics\nid: end\n/)
    expect(await (await fetch(url + location)).json()).toMatchObject({ status: 'completed' })
  })

  it('answers plain text of a job that fails before its first text with a problem and the location of the job', async () => {
    const { vendor, url } = await startVendorServer()
    vendor.respondWith((exchange) => exchange.fail(400))
    const response = await create(url, 'text/plain', OPENAI)
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({ code: 'provider-rejected', instance: '/jobs' })
    const job = await (await fetch(url + response.headers.get('location'))).json()
    expect(job).toMatchObject({ status: 'failed', error: { code: 'provider-rejected' } })
  })

  it('answers an invalid job with a problem', async () => {
    const { url } = await startServer()
    const response = await create(url, 'text/event-stream', { ...ECHO, prompt: '' })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code: 'invalid-request' })
  })

  it('streams the first job again for a repeated idempotency key', async () => {
    const provider = new ScriptedProvider(['one', ' job'])
    const { url } = await startServer({ providers: [provider] })
    const texts: string[] = []
    for (const status of [200, 200]) {
      const response = await create(url, 'text/plain', SCRIPTED, { 'idempotency-key': 'order-1' })
      expect(response.status).toBe(status)
      texts.push(await response.text())
    }
    expect(texts).toEqual(['one job', 'one job'])
    expect(provider.calls).toBe(1)
  })

  it('answers with the job when Accept allows JSON', async () => {
    const { url } = await startServer()
    expect((await create(url, '*/*', ECHO)).status).toBe(202)
    expect((await create(url, 'application/json, text/event-stream;q=0.5', ECHO)).status).toBe(202)
  })
})
