import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const OpenAi = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
})
const Anthropic = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({ type: z.string(), message: z.string() }),
  request_id: z.string(),
})
const DOORS = [
  ['/v1/responses', OpenAi, { model: 'script-1', input: 'Hi' }],
  ['/v1/chat/completions', OpenAi, { model: 'script-1', messages: [{ role: 'user', content: 'Hi' }] }],
  ['/v1/messages', Anthropic, { model: 'script-1', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 }],
] as const
const JSON_TYPE = { 'content-type': 'application/json' }

/** The type and the code of an error in the shape of its door. */
async function errorOf(response: Response, shape: typeof OpenAi | typeof Anthropic) {
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('x-request-id')).toBeTruthy()
  const { error } = shape.parse(await response.json())
  return [response.status, error.type, ...('code' in error ? [error.code] : [])]
}

function begun(url: string, body: object): Promise<IncomingMessage> {
  const request = httpRequest(url, { method: 'POST', headers: JSON_TYPE }).end(JSON.stringify(body))
  return once(request, 'response').then(([response]) => response)
}

/** What comes until the end of a response, and whether it is complete as HTTP tells. */
async function rest(response: IncomingMessage) {
  let text = ''
  response.setEncoding('utf8').on('error', () => {})
  response.on('data', (piece) => {
    text += piece
  })
  if (!response.closed) await new Promise<void>((resolve) => void response.once('close', resolve))
  return { status: response.statusCode, text, isComplete: response.complete }
}

describe.each(DOORS)('an error at %s is in the shape of the door', (path, shape, valid) => {
  const isOpenAi = shape === OpenAi
  const told = (status: number, code: string, types: [string, string]) =>
    isOpenAi ? [status, types[0], code] : [status, types[1]]
  const INVALID: [string, string] = ['invalid_request_error', 'invalid_request_error']

  it('when the key is missing or wrong, in either header', async () => {
    const server = await ApiKeyServer.start({ providers: [new ScriptedProvider(['Hi'])] })
    const body = JSON.stringify(valid)
    const call = (headers: Record<string, string>) =>
      fetch(server.url + path, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
    const refused = told(401, 'invalid_api_key', ['invalid_request_error', 'authentication_error'])
    for (const headers of [{}, { 'x-api-key': 'wrong' }, { authorization: 'Bearer wrong' }, { authorization: ANN }])
      expect(await errorOf(await call(headers), shape)).toEqual(refused)
    // A wrong key is not made good by a right one in the other header.
    expect((await call({ authorization: 'Bearer wrong', 'x-api-key': ANN })).status).toBe(401)
    for (const headers of [{ 'x-api-key': ANN }, { authorization: `Bearer ${BOB}` }])
      expect((await call(headers)).status).toBe(200)
  })

  it('when the request is none of HTTP or JSON as it should be', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])], env: { MAX_BODY_MB: '1' } })
    const post = async (body: string, headers: Record<string, string> = JSON_TYPE) =>
      await errorOf(await fetch(url + path, { method: 'POST', headers, body }), shape)
    const invalid = told(400, 'invalid_value', INVALID)
    expect(await post('{')).toEqual(invalid)
    expect(await post(`${'['.repeat(100)}${']'.repeat(100)}`)).toEqual(invalid)
    expect(await post('{"__proto__": {"a": 1}}')).toEqual(invalid)
    expect(await post(`[${'0,'.repeat(100_000)}0]`)).toEqual(invalid)
    expect(await post('{}', { 'content-type': 'text/plain' })).toEqual(told(415, 'unsupported_media_type', INVALID))
    expect(await post('{}', { ...JSON_TYPE, 'content-encoding': 'gzip' })).toEqual(
      told(415, 'unsupported_media_type', INVALID),
    )
    const large = JSON.stringify({ ...valid, model: 'x'.repeat(3_000_000) })
    expect(await post(large)).toEqual(told(413, 'payload_too_large', ['invalid_request_error', 'request_too_large']))
    const other = await fetch(url + path, { method: 'PUT' })
    expect(other.headers.get('allow')).toMatch(/POST/)
    expect(await errorOf(other, shape)).toEqual(told(405, 'method_not_allowed', INVALID))
    const notFound = told(404, 'not_found', ['invalid_request_error', 'not_found_error'])
    expect(await errorOf(await fetch(`${url}${path}/a/b/c`), shape)).toEqual(notFound)
    // These paths reach no route.
    for (const id of ['%E0%A4%A', '%ED%A0%80', 'a'.repeat(200)])
      expect([404, 400]).toContain((await errorOf(await fetch(`${url}${path}/${id}`), shape))[0])
  })

  it('when there were too many requests, with the time in milliseconds too', async () => {
    const env = { RATE_LIMIT_PER_MINUTE: '1' }
    const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])], env })
    const post = () => fetch(url + path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(valid) })
    expect((await post()).status).toBe(200)
    const refused = await post()
    const seconds = Number(refused.headers.get('retry-after'))
    expect(Number(refused.headers.get('retry-after-ms'))).toBe(seconds * 1000)
    expect(await errorOf(refused, shape)).toEqual(
      told(429, 'rate_limit_exceeded', ['rate_limit_error', 'rate_limit_error']),
    )
  })

  it('when the server stops before the answer began', async () => {
    const { url, app } = await startServer({ providers: [new ScriptedProvider([new Promise(() => {})])] })
    const answer = begun(url + path, valid)
    await vi.waitUntil(() => app.openStreams.count === 1)
    await app.close()
    const { status, text, isComplete } = await rest(await answer)
    expect([status, isComplete]).toEqual([isOpenAi ? 503 : 529, true])
    shape.parse(JSON.parse(text))
  })

  it.each([true, false])('but never behind the head: then the connection is broken (stream: %s)', async (stream) => {
    const { url, app } = await serverOfJobElsewhere()
    const answer = await begun(url + path, { ...valid, stream })
    const ended = rest(answer)
    await app.close()
    const { status, text, isComplete } = await ended
    expect([status, isComplete]).toEqual([200, false])
    expect(text).not.toMatch(/\[DONE\]|message_stop|response\.(completed|failed)|"error":{/)
  })

  it('nor is a connection of HTTP/1.0 closed as if the answer were whole', async () => {
    const { url, app } = await serverOfJobElsewhere()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const body = JSON.stringify({ ...valid, stream: true })
    socket.write(
      `POST ${path} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    const [head] = await once(socket.setEncoding('utf8'), 'data')
    expect(head).not.toMatch(/transfer-encoding/i)
    const end = once(socket.resume(), 'end').then(
      () => 'closed',
      (error: unknown) => error,
    )
    await app.close()
    expect(await end).toMatchObject({ code: 'ECONNRESET' })
  })

  it('when the server fails, without a word of the failure', async () => {
    const { url, jobs } = await startServer({ providers: [new ScriptedProvider(['Hi'])] })
    vi.spyOn(jobs, 'insert').mockRejectedValue(new Error('secret detail'))
    const response = await fetch(url + path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(valid) })
    const text = await response.clone().text()
    expect(text).not.toContain('secret')
    expect(await errorOf(response, shape)).toEqual(told(500, 'internal', ['server_error', 'api_error']))
  })
})

/** A server that stops at once, whose jobs run in another process: their ends do not come here. */
async function serverOfJobElsewhere(): Promise<TestServer> {
  const config = { stream: { keepAliveMs: 20, stallMs: 60_000 } }
  const server = await startServer({ providers: [new ScriptedProvider(['Hel'])], config })
  vi.spyOn(server.tokenLog, 'close').mockResolvedValue()
  vi.spyOn(server.jobs, 'replace').mockResolvedValue(true)
  return server
}

it('HEAD runs no stream of a response, and the connection stays in step', async () => {
  const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])] })
  const body = JSON.stringify({ model: 'script-1', input: 'Hi' })
  const made = await fetch(`${url}/v1/responses`, { method: 'POST', headers: JSON_TYPE, body })
  const { id } = z.looseObject({ id: z.string() }).parse(await made.json())
  const head = await fetch(`${url}/v1/responses/${id}?stream=true`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([405, ''])
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
})
