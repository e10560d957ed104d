import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AnyStreamEvent, StreamEvent } from '@promptlab/contract'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ApiError } from '../../base/api-error.ts'
import { StreamFormats, type StreamType } from './stream-format.ts'
import { StreamResponse } from './stream-response.ts'

const token = (id: number, text: string): StreamEvent => ({ event: 'token', id, data: { token: text } })
const METRICS_DATA = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const METRICS: StreamEvent = { event: 'metrics', id: 'end', data: METRICS_DATA }
const CANCELLED: StreamEvent = { event: 'cancelled', id: 'end', data: METRICS_DATA }
const FAILED: StreamEvent = {
  event: 'error',
  id: 'end',
  data: { code: 'provider-timeout', message: 'It took too long.', retryable: true, metrics: METRICS_DATA },
}
const TIMING = { keepAliveMs: 15_000, stallMs: 30_000 }

/** A source in the test's hands. */
class ScriptedSource {
  isDone = false
  isClosed = false
  reads = 0
  onReady: () => void = () => {}
  #events: StreamEvent[] = []

  give(...events: StreamEvent[]): void {
    this.#events.push(...events)
    this.onReady()
  }

  finish(): void {
    this.isDone = true
    this.onReady()
  }

  read(): readonly StreamEvent[] {
    this.reads++
    return this.#events.splice(0)
  }

  close(): void {
    this.isClosed = true
  }
}

/** A response on a real socket, and the client that gets it. */
async function connect(
  agent: Agent | false = false,
): Promise<{ response: ServerResponse; received: Promise<IncomingMessage> }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const requested: Promise<[IncomingMessage, ServerResponse]> = once(server, 'request').then(([request, response]) => [
    request,
    response,
  ])
  const { port } = server.address() as AddressInfo
  const responded: Promise<[IncomingMessage]> = once(get({ port, host: '127.0.0.1', agent }), 'response').then(
    ([message]) => [message],
  )
  const [, response] = await requested
  return {
    response,
    received: responded.then(([client]) => client.on('error', () => {}).setEncoding('utf8')),
  }
}

function stream(
  response: ServerResponse,
  source: ScriptedSource,
  type: StreamType = 'text/event-stream',
): StreamResponse<AnyStreamEvent> {
  const head = {
    write: () => void response.writeHead(200),
    refuse: ({ code }: ApiError) => void response.writeHead(418).end(code),
    report: () => {},
  }
  return new StreamResponse(response, head, new StreamFormats().of(type), TIMING, (onReady) => {
    source.onReady = onReady
    return source
  })
}

async function nextText(client: IncomingMessage): Promise<string> {
  const [text] = await once(client, 'data')
  return String(text)
}

/** Waits until the connection is closed, which is an error where the answer is not complete. */
function closed(client: IncomingMessage): Promise<void> {
  return new Promise((resolve) => void client.once('close', resolve))
}

describe('StreamResponse', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }),
  )
  afterEach(() => void vi.useRealTimers())

  it('writes ready events in one write, waits for more, and ends after the last event', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source)
    const client = await received
    expect(await nextText(client)).toBe('retry: 2000\n\n')
    source.give(token(1, 'a'), token(2, 'b'))
    expect(await nextText(client)).toBe('id: 1\ndata: {"token":"a"}\n\nid: 2\ndata: {"token":"b"}\n\n')
    source.finish()
    await once(client.resume(), 'end')
    expect(source.isClosed).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends a keep-alive each time the stream was idle, and only then', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source)
    const client = await received
    await nextText(client)
    vi.advanceTimersByTime(14_999)
    source.give(token(1, 'a'))
    expect(await nextText(client)).toBe('id: 1\ndata: {"token":"a"}\n\n')
    vi.advanceTimersByTime(14_999)
    vi.advanceTimersByTime(1)
    expect(await nextText(client)).toBe(': ping\n\n')
    source.finish()
    vi.advanceTimersByTime(60_000)
    await once(client.resume(), 'end')
  })

  it('reads no events for a reader that takes nothing, and disconnects it after a while', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source)
    const client = await received
    const big = 'x'.repeat(60_000)
    for (let id = 60_000; source.reads < 10_000; id += 60_000) {
      const before = source.reads
      source.give(token(id, big))
      await new Promise((resolve) => setImmediate(resolve))
      if (source.reads === before) break
    }
    const { reads } = source
    const { writableLength } = response
    for (let more = 0; more < 100; more++) source.give(token(1e9 + more, big))
    vi.advanceTimersByTime(29_999)
    expect({ reads: source.reads, writableLength: response.writableLength }).toEqual({ reads, writableLength })
    expect(source.isClosed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(source.isClosed).toBe(true)
    client.resume()
    await vi.waitUntil(() => client.closed)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('closes its source and stops its timers when the client leaves', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source)
    const client = await received
    await nextText(client)
    client.destroy()
    await once(response, 'close')
    expect(source.isClosed).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    source.give(token(1, 'a'))
    expect(response.listenerCount('drain')).toBeLessThanOrEqual(1)
  })

  it('writes chunks of HTTP, and leaves the connection open for the next request', async () => {
    const { response, received } = await connect(new Agent({ keepAlive: true }))
    const source = new ScriptedSource()
    stream(response, source)
    const client = await received
    const { socket } = client
    await nextText(client)
    source.give(token(2, '漢🙂'), token(4, 'ü\r\n0\r\n\r\n'))
    expect(await nextText(client)).toBe(
      'id: 2\ndata: {"token":"漢🙂"}\n\nid: 4\ndata: {"token":"ü\\r\\n0\\r\\n\\r\\n"}\n\n',
    )
    source.finish()
    await once(client.resume(), 'end')
    expect(client.complete).toBe(true)
    expect(client.headers['transfer-encoding']).toBe('chunked')
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  it('closes the connection when it is stopped', async () => {
    const { response, received } = await connect(new Agent({ keepAlive: true }))
    const streamed = stream(response, new ScriptedSource())
    const client = await received
    const { socket } = client
    await nextText(client)
    streamed.stop()
    await once(client.resume(), 'close')
    expect(client.complete).toBe(true)
    await vi.waitUntil(() => socket.destroyed)
  })

  it('holds the head of plain text back until the first text', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source, 'text/plain')
    vi.advanceTimersByTime(14_999)
    expect(response.headersSent).toBe(false)
    source.give(token(1, 'a'))
    const client = await received
    expect(client.statusCode).toBe(200)
    expect(await nextText(client)).toBe('a')
    source.isDone = true
    source.give(METRICS)
    await once(client.resume(), 'end')
    expect(client.complete).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends the head of plain text after the time of a keep-alive, and then breaks when the job fails', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source, 'text/plain')
    vi.advanceTimersByTime(15_000)
    const client = await received
    expect(client.statusCode).toBe(200)
    source.isDone = true
    source.give(CANCELLED)
    await closed(client.resume())
    expect(client.complete).toBe(false)
  })

  it.each([
    ['that was cancelled', [CANCELLED], 'job-cancelled'],
    ['that failed', [FAILED], 'provider-timeout'],
  ])('answers plain text of a job %s before its first text with the error', async (_, events, code) => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    stream(response, source, 'text/plain')
    source.isDone = true
    source.give(...events)
    const client = await received
    expect(client.statusCode).toBe(418)
    expect(await nextText(client)).toBe(code)
    expect(source.isClosed).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends plain text that came together with the failure of its job, and then breaks', async () => {
    const { response, received } = await connect(new Agent({ keepAlive: true }))
    const source = new ScriptedSource()
    stream(response, source, 'text/plain')
    source.isDone = true
    const text = 'x'.repeat(65_536)
    source.give(token(65_536, text), FAILED)
    const client = await received
    let got = ''
    client.on('data', (piece) => {
      got += piece
    })
    await closed(client)
    expect(client.statusCode).toBe(200)
    expect(got).toBe(text)
    expect(client.complete).toBe(false)
  })

  it('answers plain text that has not begun with an error when it is stopped', async () => {
    const { response, received } = await connect(new Agent({ keepAlive: true }))
    const streamed = stream(response, new ScriptedSource(), 'text/plain')
    streamed.stop()
    const client = await received
    const { socket } = client
    expect(client.statusCode).toBe(418)
    expect(await nextText(client)).toBe('shutting-down')
    await vi.waitUntil(() => socket.destroyed)
  })

  it('ends without a final event when it is stopped', async () => {
    const { response, received } = await connect()
    const source = new ScriptedSource()
    const streamed = stream(response, source)
    const client = await received
    await nextText(client)
    streamed.stop()
    streamed.stop()
    await once(client.resume(), 'end')
    expect(source.isClosed).toBe(true)
  })
})
