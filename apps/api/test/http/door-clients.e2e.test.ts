import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, expect, it, vi } from 'vitest'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const MESSAGES = { model: 'script-1', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 }
const RESPONSE = { model: 'script-1', input: 'Hi' }
const RETRY = { 'x-stainless-retry-count': '1' }
const DOORS = [
  ['/v1/responses', RESPONSE],
  ['/v1/chat/completions', { ...MESSAGES, max_tokens: undefined }],
  ['/v1/messages', MESSAGES],
] as const

/** A server for Ann and Bob, and a provider that waits for the test. */
async function gatedServer(before: string[] = [], env: Record<string, string> = {}) {
  const gate = Promise.withResolvers<void>()
  const provider = new ScriptedProvider([...before, gate.promise, 'Hello'])
  const server = await ApiKeyServer.start({ env, providers: [provider] })
  return { server, provider, open: () => gate.resolve() }
}

/** Sends a request, whose connection the test can break. */
function send({ url }: ApiKeyServer, path: string, body: object, headers: Record<string, string> = {}, key = ANN) {
  const request = httpRequest(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
  })
  request.on('error', () => {})
  const answer = once(request, 'response').then(([response]: IncomingMessage[]) => response)
  answer.catch(() => {})
  request.end(JSON.stringify(body))
  return { request, answer, leave: () => request.destroy() }
}

async function whole(answer: Promise<IncomingMessage | undefined>) {
  const response = await answer
  if (!response) throw new Error('There is no answer')
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += piece
  const { statusCode, headers } = response
  return { status: statusCode, text, headers, job: headers['x-promptlab-job'], joined: headers['x-promptlab-joined'] }
}

/** Resolves with the id of the next job that is made. */
function nextJob({ jobs }: ApiKeyServer): Promise<string> {
  const made = Promise.withResolvers<string>()
  const { insert } = jobs
  vi.spyOn(jobs, 'insert').mockImplementationOnce(async (job, key) => {
    const first = await insert.call(jobs, job, key)
    made.resolve(job.id)
    return first
  })
  return made.promise
}

async function loss(jobs: Pick<JobRepository, 'find'>, id: string): Promise<void> {
  await vi.waitUntil(async () => (await jobs.find(id))?.client?.lostAt !== undefined)
}

/** A request whose client leaves as soon as its job is there, and the id of the job. */
async function lostRequest(server: ApiKeyServer, path: string, body: object, headers: Record<string, string> = {}) {
  const id = nextJob(server)
  const { leave } = send(server, path, body, headers)
  const made = await id
  leave()
  await loss(server.jobs, made)
  return made
}

describe.each(DOORS)('a repeat at %s', (path, body) => {
  it('joins the job whose client was lost before it had an answer', async () => {
    const { server, provider, open } = await gatedServer()
    const id = await lostRequest(server, path, body)
    open()
    const repeat = await whole(send(server, path, body).answer)
    expect(repeat).toMatchObject({ status: 200, job: id, joined: 'true' })
    expect(repeat.text).toContain('Hello')
    expect(provider.calls).toBe(1)
    const next = await whole(send(server, path, body).answer)
    expect(next.joined).toBeUndefined()
    expect(next.job).not.toBe(id)
  })

  it('gets the stream from its beginning, if it says that it is one', async () => {
    const { server, provider, open } = await gatedServer(['Oh. '])
    const streamed = { ...body, stream: true }
    const { answer, leave } = send(server, path, streamed)
    const head = await answer
    const id = String(head?.headers['x-promptlab-job'])
    leave()
    await loss(server.jobs, id)
    open()
    expect((await whole(send(server, path, streamed).answer)).job).not.toBe(id)
    const repeat = await whole(send(server, path, streamed, RETRY).answer)
    expect(repeat).toMatchObject({ status: 200, job: id, joined: 'true' })
    expect(repeat.text).toMatch(/Oh\. .*Hello/s)
    expect(provider.calls).toBe(2)
  })

  it('makes a new job if it asks for one, or differs', async () => {
    const { server, open } = await gatedServer()
    const id = await lostRequest(server, path, body)
    open()
    const ids = await Promise.all([
      whole(send(server, path, body, { ...RETRY, 'x-promptlab-join': 'off' }).answer),
      whole(send(server, path, body, RETRY, BOB).answer),
      whole(send(server, path, { ...body, temperature: undefined, stream: true }, RETRY).answer),
      whole(send(server, path, body, { ...RETRY, 'anthropic-version': '2026-01-01' }).answer),
    ])
    expect(ids.map(({ status, joined }) => [status, joined])).toEqual(Array(4).fill([200, undefined]))
    expect(ids.map(({ job }) => job)).not.toContain(id)
    expect((await whole(send(server, path, body, RETRY).answer)).job).toBe(id)
  })

  it('joins the job of a client that left before its job was stored', async () => {
    const { server, open } = await gatedServer()
    const { jobs } = server
    const { insert } = jobs
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const stored = Promise.withResolvers<string>()
    vi.spyOn(jobs, 'insert').mockImplementationOnce(async (job, key) => {
      asked.resolve()
      await gone.promise
      const first = await insert.call(jobs, job, key)
      stored.resolve(job.id)
      return first
    })
    const closed = new Promise((resolve) => {
      server.app.server.once('connection', (socket) => socket.once('close', resolve))
    })
    const { leave } = send(server, path, { ...body, stream: true })
    await asked.promise
    leave()
    await closed
    gone.resolve()
    const id = await stored.promise
    await loss(jobs, id)
    expect(server.app.openStreams.count).toBe(0)
    open()
    expect((await whole(send(server, path, { ...body, stream: true }).answer)).job).toBe(id)
  })

  it('is not needed when all streams are taken, as no job is made then', async () => {
    const { server, provider, open } = await gatedServer(['Oh'], { MAX_STREAMS_PER_KEY: '1' })
    const first = send(server, path, { ...body, stream: true })
    await first.answer
    const refused = await whole(send(server, path, body).answer)
    expect(refused).toMatchObject({ status: 429, job: undefined, headers: { 'retry-after-ms': '10000' } })
    expect(provider.calls).toBe(1)
    open()
    await whole(first.answer)
  })

  it('joins the job of a client that was refused because the server could not answer', async () => {
    const { server, open } = await gatedServer([], { MAX_STREAMS_PER_KEY: '1' })
    // Both are asked for before either has its stream.
    const { insert } = server.jobs
    const both = Promise.withResolvers<void>()
    let asked = 0
    vi.spyOn(server.jobs, 'insert').mockImplementation(async (job, key) => {
      if (++asked === 2) both.resolve()
      await both.promise
      return await insert.call(server.jobs, job, key)
    })
    const first = send(server, path, body)
    const second = send(server, path, body)
    const refused = await whole(Promise.race([first.answer, second.answer]))
    expect(refused.status).toBe(429)
    await loss(server.jobs, String(refused.job))
    open()
    const other = (await first.answer)?.statusCode === 200 ? first : second
    await whole(other.answer)
    expect(await whole(send(server, path, body, RETRY).answer)).toMatchObject({ status: 200, job: refused.job })
  })
})

it('an Idempotency-Key names one job, and one route', async () => {
  const provider = new ScriptedProvider(['Hello'])
  const server = await ApiKeyServer.start({ providers: [provider] })
  const key = { 'idempotency-key': 'one' }
  const first = await whole(send(server, '/v1/responses', RESPONSE, key).answer)
  const again = await whole(send(server, '/v1/responses', RESPONSE, key).answer)
  expect(again).toMatchObject({ status: 200, text: first.text, headers: { 'idempotency-replayed': 'true' } })
  for (const [path, body] of [
    ['/v1/responses', { ...RESPONSE, input: 'Ho' }],
    ['/v1/chat/completions', MESSAGES],
    ['/v1/messages', MESSAGES],
  ] as const) {
    const reused = await whole(send(server, path, body, key).answer)
    expect(reused.status).toBe(400)
    expect(reused.text).toMatch(path === '/v1/messages' ? /invalid_request_error/ : /idempotency_key_reused/)
  }
  const native = await server.post(ANN, { prompt: 'Hi', provider: 'scripted', model: 'script-1' }, key)
  expect(native.status).toBe(422)
  const wrong = await whole(send(server, '/v1/responses', RESPONSE, { 'idempotency-key': 'a b' }).answer)
  expect(JSON.parse(wrong.text)).toMatchObject({ error: { param: 'idempotency-key', code: 'invalid_value' } })
  expect(provider.calls).toBe(1)
})
