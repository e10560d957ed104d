import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { describe, expect, it, vi } from 'vitest'
import { ScriptedProvider, startServer, type TestServer } from '../support/index.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A stream of the Chat door, whose answer has begun. */
async function beginStream({ url }: TestServer): Promise<{ response: IncomingMessage; rest: Promise<string> }> {
  const request = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', headers: JSON_TYPE })
  request.end(JSON.stringify({ model: 'script-1', stream: true, messages: [{ role: 'user', content: 'Hi' }] }))
  const [response]: [IncomingMessage] = await once(request, 'response').then(([answer]) => [answer])
  let text = ''
  const first = Promise.withResolvers<void>()
  response.setEncoding('utf8').on('data', (piece) => {
    text += piece
    first.resolve()
  })
  response.on('error', () => {})
  const closed = new Promise<string>((resolve) => void response.once('close', () => resolve(text)))
  await first.promise
  return { response, rest: closed }
}

describe('a server that stops', () => {
  it('ends native streams at once, and lets the streams of doors come to their end', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await startServer({
      env: { DRAIN_MS: '60000' },
      providers: [new ScriptedProvider(['Hel', gate.promise, 'lo'], { finishReason: 'stop' })],
    })
    const { response, rest } = await beginStream(server)
    const job = response.headers['x-promptlab-job']
    const native = await fetch(`${server.url}/jobs/${job}/stream`)
    const closed = server.app.close()
    expect(await native.text()).not.toContain('event: metrics')
    gate.resolve()
    expect(await rest).toContain('data: [DONE]')
    expect(response.complete).toBe(true)
    await closed
  })

  it('interrupts its jobs when the time is over, and their streams end with the error', async () => {
    const server = await startServer({
      env: { DRAIN_MS: '0' },
      providers: [new ScriptedProvider(['Hel', new Promise(() => {})])],
    })
    const { rest } = await beginStream(server)
    await server.app.close()
    const text = await rest
    expect(text).toContain('"code":"interrupted"')
    expect(text).not.toContain('[DONE]')
  })

  it('breaks the stream of a job that runs on', async () => {
    const server = await startServer({ env: { DRAIN_MS: '0' }, providers: [new ScriptedProvider(['Hel'])] })
    // Another process runs the job, so its end does not come here.
    vi.spyOn(server.tokenLog, 'close').mockResolvedValue()
    vi.spyOn(server.jobs, 'replace').mockResolvedValue(true)
    const { response, rest } = await beginStream(server)
    await server.app.close()
    expect(await rest).not.toContain('[DONE]')
    expect(response.complete).toBe(false)
  })
})
