import { once } from 'node:events'
import { setGlobalProxyFromEnv } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answerWith, certificate, WEBHOOK_SECRET, WebhookReceiver } from '../../test/support/webhook-receiver.ts'
import { systemClock } from '../base/clock.ts'
import type { Receiver } from '../jobs/ports/webhooks.ts'
import { HttpWebhooks, type HttpWebhooksOptions } from './http-webhooks.ts'
import type { LookUp } from './look-up.ts'

const at = '2026-01-02T03:04:05.678Z'
const BODY = JSON.stringify({
  type: 'job.completed',
  timestamp: at,
  data: {
    id: 'job',
    status: 'completed',
    provider: 'echo',
    model: 'echo',
    createdAt: at,
    updatedAt: at,
    metrics: { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 1, attempts: 1 },
    links: { self: '/jobs/job', stream: '/jobs/job/stream' },
  },
})
const NEWS = { id: 'msg_1', body: BODY }

const keyOf = (secret: string) => Buffer.from(secret.replace('whsec_', ''), 'base64')

function newWebhooks(options: Partial<HttpWebhooksOptions> = {}): HttpWebhooks {
  return new HttpWebhooks({ keys: [keyOf(WEBHOOK_SECRET)], hosts: ['127.0.0.1'], clock: systemClock, ...options })
}

const send = (webhooks: HttpWebhooks, url: string, signal = new AbortController().signal) =>
  webhooks.send({ to: 'job', url }, NEWS, signal)

/** A name server that the test plays: it gives each of the answers once, and the last one ever after. */
function lookUpAs(...answers: readonly string[][]): LookUp & { readonly asked: string[] } {
  const left = [...answers]
  const asked: string[] = []
  const lookUp: LookUp = async (host) => {
    asked.push(host)
    const addresses = (left.length > 1 ? left.shift() : left[0]) ?? []
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return Object.assign(lookUp, { asked })
}

/** A TCP server that does with each connection what the test says, and the connections that it got. */
async function startRaw(onConnection: (socket: Socket) => void): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : expect.fail(), sockets }
}

describe('HttpWebhooks', () => {
  it('sends what the npm package standardwebhooks verifies, and the same body each time', async () => {
    const receiver = await WebhookReceiver.start()
    const webhooks = newWebhooks()
    expect(await send(webhooks, receiver.url)).toEqual({ status: 204 })
    receiver.answer = answerWith(500)
    expect(await send(webhooks, receiver.url)).toEqual({ status: 500 })
    expect(receiver.received.map(({ id, body }) => ({ id, body }))).toEqual([NEWS, NEWS])
    const { request } = receiver.received[0] ?? expect.fail()
    expect(request.method).toBe('POST')
    expect(request.headers).toMatchObject({ 'content-type': 'application/json', connection: 'close' })
    expect(request.headers['user-agent']).toMatch(/^PromptLab\/\d/)
  })

  it('signs by each key, so that receivers can change theirs one after the other', async () => {
    const old = `whsec_${Buffer.alloc(24, 'old').toString('base64')}`
    const [first, second] = [await WebhookReceiver.start(), await WebhookReceiver.start(old)]
    const webhooks = newWebhooks({ keys: [keyOf(old), keyOf(WEBHOOK_SECRET)] })
    expect(await send(webhooks, first.url)).toEqual({ status: 204 })
    expect(await send(webhooks, second.url)).toEqual({ status: 204 })
    expect(first.received[0]?.request.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
  })

  it('does not follow a redirect', async () => {
    const [receiver, inside] = [await WebhookReceiver.start(), await WebhookReceiver.start()]
    receiver.answer = answerWith(307, { location: inside.url })
    expect(await send(newWebhooks(), receiver.url)).toEqual({ status: 307 })
    expect(inside.received).toEqual([])
  })

  it.each([
    ['12', 12_000],
    [new Date(Date.now() + 60_000).toUTCString(), expect.closeTo(60_000, -4)],
    ['soon', undefined],
  ])('reads the Retry-After %s', async (header, retryAfterMs) => {
    const receiver = await WebhookReceiver.start()
    receiver.answer = answerWith(503, { 'retry-after': header })
    expect(await send(newWebhooks(), receiver.url)).toEqual({ status: 503, retryAfterMs })
  })

  it('reads a few KB of an endless answer, and takes its status', async () => {
    const receiver = await WebhookReceiver.start()
    const closed = Promise.withResolvers<void>()
    receiver.answer = (response) => {
      response.writeHead(200)
      const fill = () => {
        while (response.write('x'.repeat(65_536)));
      }
      response.on('drain', fill).on('close', closed.resolve)
      fill()
    }
    expect(await send(newWebhooks(), receiver.url)).toEqual({ status: 200 })
    await closed.promise
  })

  it('takes the status of an answer whose body breaks off or hangs', async () => {
    const receiver = await WebhookReceiver.start()
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345', () => response.destroy())
    }
    expect(await send(newWebhooks(), receiver.url)).toEqual({ status: 200 })
    receiver.answer = (response) => void response.writeHead(200).write('12345')
    expect(await send(newWebhooks({ limitMs: 200 }), receiver.url)).toEqual({ status: 200 })
  })

  it('gives a receiver up that never answers, and one that never says that it is ready for TLS', async () => {
    const { port, sockets } = await startRaw(() => {})
    const webhooks = newWebhooks({ limitMs: 50 })
    expect(await send(webhooks, `http://127.0.0.1:${port}/`)).toEqual({ error: 'timeout' })
    expect(await send(webhooks, `https://127.0.0.1:${port}/`)).toEqual({ error: 'timeout' })
    await Promise.all(sockets.map((socket) => socket.destroyed || once(socket.resume(), 'close')))
  })

  it('gives a name up whose name servers are silent', async () => {
    const webhooks = newWebhooks({ hosts: ['*'], limitMs: 50, lookUp: () => new Promise(() => {}) })
    expect(await send(webhooks, 'https://hooks.example.com/')).toEqual({ error: 'timeout' })
  })

  it.each([
    ['closes the connection', (socket: Socket) => socket.end()],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
    ['sends no HTTP', (socket: Socket) => socket.end('SSH-2.0-x\r\n')],
    ['sends endless headers', (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`)],
    [
      'speaks another protocol',
      (socket: Socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
  ])('cannot reach a receiver that %s', async (_, onConnection) => {
    const { port } = await startRaw(onConnection)
    expect(await send(newWebhooks(), `http://127.0.0.1:${port}/`)).toEqual({ error: 'unreachable' })
  })

  it('ends at once when it is told to stop, also while a name is looked up', async () => {
    const { port } = await startRaw(() => {})
    const stop = new AbortController()
    const lookUp = () => new Promise<never>(() => {})
    const sent = [
      send(newWebhooks(), `http://127.0.0.1:${port}/`, stop.signal),
      send(newWebhooks({ hosts: ['*'], lookUp }), 'https://hooks.example.com/', stop.signal),
    ]
    stop.abort(new Error('stopped'))
    await Promise.all(sent.map((each) => expect(each).rejects.toThrow('stopped')))
  })

  it('goes through no proxy of the environment', async () => {
    const proxy = await startRaw((socket) => socket.end())
    const url = `http://127.0.0.1:${proxy.port}`
    onTestFinished(setGlobalProxyFromEnv({ HTTP_PROXY: url, HTTPS_PROXY: url }))
    const receiver = await WebhookReceiver.start()
    expect(await send(newWebhooks(), receiver.url)).toEqual({ status: 204 })
    expect(await send(newWebhooks(), receiver.url.replace('http:', 'https:'))).toEqual({ error: 'unreachable' })
    expect(proxy.sockets).toEqual([])
  })
})

describe('HttpWebhooks over TLS', () => {
  it('does not reach a receiver whose certificate nobody has signed', async () => {
    const receiver = await WebhookReceiver.start(WEBHOOK_SECRET, true)
    const webhooks = newWebhooks({ hosts: ['localhost', '127.0.0.1'] })
    const url = receiver.url.replace('127.0.0.1', 'localhost')
    expect(await send(webhooks, url)).toEqual({ error: 'unreachable' })
    expect(receiver.received).toEqual([])
  })

  it('asks for the certificate of the name, although it connects to an address', async () => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, (await certificate()).cert.toString()])
    onTestFinished(() => setDefaultCACertificates(before))
    const receiver = await WebhookReceiver.start(WEBHOOK_SECRET, true)
    const webhooks = newWebhooks({
      hosts: ['*.example.com', 'localhost', '127.0.0.1'],
      lookUp: lookUpAs(['127.0.0.1']),
    })
    expect(await send(webhooks, `https://localhost:${receiver.port}/`)).toEqual({ status: 204 })
    expect(await send(webhooks, `https://127.0.0.1:${receiver.port}/`)).toEqual({ error: 'unreachable' })
    expect(await send(webhooks, `https://hooks.example.com:${receiver.port}/`)).toEqual({ error: 'unreachable' })
    expect(receiver.received).toHaveLength(1)
  })
})

describe('HttpWebhooks connects to no address inside', () => {
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.0.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '::1',
    'fd00:ec2::254',
    'fe80::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
  ])('if a name leads to %s', async (address) => {
    const webhooks = newWebhooks({ hosts: ['*'], lookUp: lookUpAs([address]) })
    expect(await send(webhooks, 'https://hooks.example.com/')).toEqual({ error: 'address-not-allowed' })
  })

  it('if a name leads elsewhere after the check', async () => {
    const { port, sockets } = await startRaw((socket) => socket.end())
    // The first address is reserved for documents: nobody answers there. The list lets it pass as one of the internet.
    const lookUp = lookUpAs(['192.0.2.1'], ['127.0.0.1'])
    const webhooks = newWebhooks({ hosts: ['*', '192.0.2.1'], lookUp, limitMs: 300 })
    const url = `https://hooks.example.com:${port}/`
    expect(await send(webhooks, url)).toMatchObject({ error: expect.stringMatching(/timeout|unreachable/) })
    expect(lookUp.asked).toEqual(['hooks.example.com'])
    expect(await send(webhooks, url)).toEqual({ error: 'address-not-allowed' })
    expect(sockets).toEqual([])
  })

  it('if a name has one outside as well: the connection goes to that one', async () => {
    const { port, sockets } = await startRaw((socket) => socket.end())
    // This machine stands for the address outside, as the list names it. It has the others, too.
    const lookUp = lookUpAs(['127.0.0.2', '127.0.0.1', '127.0.0.3'])
    const webhooks = newWebhooks({ hosts: ['*', '127.0.0.1'], lookUp })
    expect(await send(webhooks, `https://hooks.example.com:${port}/`)).toEqual({ error: 'unreachable' })
    expect(sockets.map(({ localAddress }) => localAddress)).toEqual(['127.0.0.1'])
  })

  it('if a host was taken off the list after the job was made', async () => {
    const receiver = await WebhookReceiver.start()
    expect(await send(newWebhooks({ hosts: ['*'] }), receiver.url)).toEqual({ error: 'host-not-allowed' })
    expect(await send(newWebhooks({ hosts: [] }), receiver.url)).toEqual({ error: 'host-not-allowed' })
    const toServer: Receiver = { to: 'server' }
    const signal = new AbortController().signal
    expect(await newWebhooks().send(toServer, NEWS, signal)).toEqual({ error: 'host-not-allowed' })
    expect(receiver.received).toEqual([])
  })

  it('but to that of the operator', async () => {
    const receiver = await WebhookReceiver.start()
    const webhooks = newWebhooks({ hosts: [], serverUrl: receiver.url.replace('127.0.0.1', 'localhost') })
    expect(await webhooks.send({ to: 'server' }, NEWS, new AbortController().signal)).toEqual({ status: 204 })
  })
})
