import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { createJob, readStream } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const QUICK = { headersMs: 200, requestMs: 400, checkMs: 50 }
const SENDERS = 100
/** Connections that `fetch` keeps for its next request. */
const KEPT_ALIVE = 2

/** A TCP connection that keeps all that it receives. */
class RawClient {
  readonly socket: Socket
  received = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      this.received += text
    })
    // Errors do not matter: the test checks what was received.
    socket.on('error', () => {})
  }

  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  async closed(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close')
    return this.received
  }
}

const HEAD = 'POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n'

it.each([
  ['the headers', HEAD],
  ['the body', `${HEAD}\r\n{"prompt":`],
])('a client that does not finish %s in time gets 408 and is disconnected', async (_, beginning) => {
  const { url, app } = await startServer({ config: { requestTiming: QUICK } })
  const clients = await Promise.all(Array.from({ length: SENDERS }, () => RawClient.connect(url)))
  for (const { socket } of clients) {
    socket.write(beginning)
    // The client goes on sending a byte now and then.
    const drip = setInterval(() => socket.write('x'), 20)
    socket.once('close', () => clearInterval(drip))
  }
  // Meanwhile the server serves other clients.
  const { id } = await createJob(url, { prompt: 'One', provider: 'echo', model: 'echo' })
  expect((await readStream(url, id)).text).toBe('One')
  for (const answer of await Promise.all(clients.map((client) => client.closed()))) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(answer).toContain('"code":"request-timeout"')
  }
  await expect.poll(() => connectionsOf(app.server)).toBeLessThanOrEqual(KEPT_ALIVE)
})

it('a client that connects and sends nothing is disconnected', async () => {
  const { url, app } = await startServer({ config: { requestTiming: QUICK } })
  const clients = await Promise.all(Array.from({ length: SENDERS }, () => RawClient.connect(url)))
  await Promise.all(clients.map((client) => client.closed()))
  await expect.poll(() => connectionsOf(app.server)).toBeLessThanOrEqual(KEPT_ALIVE)
})

it('readers that vanish or read nothing are disconnected', async () => {
  const gate = Promise.withResolvers<void>()
  const provider = new ScriptedProvider(['first', gate.promise, 'x'.repeat(20_000_000), new Promise<void>(() => {})])
  const { url, app } = await startServer({
    providers: [provider],
    config: { stream: { keepAliveMs: 15_000, stallMs: 200 } },
  })
  const { id } = await createJob(url, { prompt: 'Go', provider: 'scripted', model: 'script-1' })
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(url)))
  for (const { socket } of clients) {
    socket.write(`GET /jobs/${id}/stream HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
  }
  expect(app.openStreams.count).toBe(20)
  gate.resolve()
  await expect.poll(() => app.openStreams.count, { timeout: 20_000 }).toBe(0)
  for (const { socket } of clients) socket.destroy()
})

it('endless headers are refused', async () => {
  const { url } = await startServer()
  const client = await RawClient.connect(url)
  client.socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\n${`x-filler: ${'x'.repeat(1_000)}\r\n`.repeat(50)}`)
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/)
})

async function connectionsOf(server: { getConnections(done: (error: Error | null, count: number) => void): void }) {
  return await new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
