import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { HttpAnswer } from './http-answer.ts'
import { type HttpRequest, sendRequest } from './send-request.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function serve(listener: RequestListener) {
  const server = createServer(listener)
  cleanups.push(() => server.close().closeAllConnections())
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  return { server, sockets, url: await addressOf(server.listen(0, '127.0.0.1')) }
}

/** Starts a TCP server. `answer` is called for every chunk of data, with the number of the connection. */
async function serveRaw(answer: (socket: Socket, connection: number) => void) {
  let requests = 0
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    const connection = ++connections
    sockets.add(socket.on('error', () => {}))
    socket.on('data', () => {
      requests += 1
      answer(socket, connection)
    })
  })
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: await addressOf(server.listen(0, '127.0.0.1')), requests: () => requests }
}

async function addressOf(server: Server): Promise<string> {
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return `http://127.0.0.1:${address.port}`
}

/** Starts a server whose one request the test answers by hand. */
async function serveByHand() {
  const taken = Promise.withResolvers<{ request: IncomingMessage; response: ServerResponse }>()
  const { url } = await serve((request, response) => taken.resolve({ request, response }))
  return { url, taken: taken.promise }
}

async function contentOf(answer: HttpAnswer): Promise<string> {
  if (!answer.isOk) throw new Error(`${answer.status} is no success`)
  return await text(answer.content)
}

const post = (url: string, request: Partial<HttpRequest> = {}) =>
  sendRequest(url, { method: 'POST', headers: {}, body: '{}', ...request })

describe('sendRequest', () => {
  it('sends the method, the headers and the body, and asks for an uncompressed answer', async () => {
    const { url } = await serve(async (request, response) => {
      const { method, url: path, headers } = request
      response.setHeader('x-request-id', '7').setHeader('content-type', 'text/event-stream')
      response.end(JSON.stringify({ method, path, headers, body: await text(request) }))
    })
    const headers = { authorization: 'Bearer k', 'accept-encoding': 'gzip' }
    const answer = await sendRequest(`${url}/v1?a=b`, { method: 'POST', headers, body: 'schön' })
    expect([answer.isOk, answer.status]).toEqual([true, 200])
    expect(['X-Request-Id', 'content-type', 'x-missing'].map((name) => answer.headers.get(name))).toEqual([
      '7',
      'text/event-stream',
      null,
    ])
    expect(JSON.parse(await contentOf(answer))).toMatchObject({
      method: 'POST',
      path: '/v1?a=b',
      headers: { authorization: 'Bearer k', 'accept-encoding': 'identity', 'content-length': '6' },
      body: 'schön',
    })
  })

  it('refuses an address that is none of HTTP', async () => {
    await expect(post('ftp://127.0.0.1:9/')).rejects.toMatchObject({ code: 'ERR_INVALID_PROTOCOL' })
  })

  it('returns the status, the headers and the text of an answer that is no success', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(429, { 'retry-after': '3', 'x-two': ['a', 'b'] }).end('{"error":1}'),
    )
    const answer = await post(url)
    expect(answer.headers.get('x-two')).toBe('a, b')
    expect([answer.isOk, answer.status, answer.headers.get('retry-after')]).toEqual([false, 429, '3'])
    expect(await answer.text()).toBe('{"error":1}')
  })

  it.each([204, 304])('returns an answer with status %i, which has no body', async (status) => {
    const { url } = await serve((_, response) => response.writeHead(status).end())
    expect((await post(url)).status).toBe(status)
  })

  it('returns a status that is none of HTTP', async () => {
    const { url } = await serveRaw((socket) => socket.write('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'))
    const { status, isOk } = await post(url)
    expect([status, isOk]).toEqual([999, false])
  })

  it('gives the words of the error as the text of a body that breaks', async () => {
    const { url } = await serveRaw((socket) =>
      socket.write('HTTP/1.1 500 Oh\r\ncontent-length: 9\r\n\r\nOnce', () => socket.destroySoon()),
    )
    expect(await (await post(url)).text()).toBe('Error: aborted')
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decodes %s from a server that compresses although it was not asked to', async (encoding, compress) => {
    for (const status of [200, 500]) {
      const { url } = await serve((_, response) =>
        response.writeHead(status, { 'content-encoding': encoding }).end(compress('Once upon')),
      )
      expect(await (await post(url)).text()).toBe('Once upon')
    }
  })

  it('uses one connection for two successive requests', async () => {
    const { url, sockets } = await serve((_, response) => response.end('done'))
    for (const _ of [1, 2]) {
      await contentOf(await post(url))
      // Node frees the connection a moment after the end of the body.
      await new Promise(setImmediate)
    }
    expect(sockets.length).toBe(1)
  })

  it('does not mix up simultaneous answers', async () => {
    const { url } = await serve(async (request, response) => response.end(await text(request)))
    const bodies = Array.from({ length: 200 }, (_, index) => `number ${index}`)
    const answers = await Promise.all(bodies.map(async (body) => contentOf(await post(url, { body }))))
    expect(answers).toEqual(bodies)
  })

  it('does not connect for a signal that was aborted before', async () => {
    const { url, sockets } = await serve((_, response) => response.end())
    await expect(post(url, { signal: AbortSignal.abort('early') })).rejects.toBe('early')
    expect(sockets).toEqual([])
  })

  it('stops at an abort while it connects', async () => {
    const { url } = await serve((_, response) => response.end())
    const abort = new AbortController()
    const answer = post(url, { signal: abort.signal })
    abort.abort('enough')
    await expect(answer).rejects.toBe('enough')
  })

  it('closes the connection at an abort before the headers', async () => {
    const { url, taken } = await serveByHand()
    const abort = new AbortController()
    const answer = post(url, { signal: abort.signal })
    const { response } = await taken
    abort.abort('enough')
    await expect(answer).rejects.toBe('enough')
    await once(response, 'close')
  })

  it.each([200, 500])('closes the connection at an abort in the body of a %i', async (status) => {
    const { url, taken } = await serveByHand()
    const abort = new AbortController()
    const answer = post(url, { signal: abort.signal })
    const { response } = await taken
    response.writeHead(status).write('Once')
    const body = text((await answer).content)
    abort.abort('enough')
    await expect(body).rejects.toThrow()
    await once(response, 'close')
  })

  it('removes its listener from the signal when the answer is complete', async () => {
    const { url } = await serve((_, response) => response.end('done'))
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    signal.addEventListener = (_: string, listener: unknown) => listeners.add(listener)
    signal.removeEventListener = (_: string, listener: unknown) => listeners.delete(listener)
    await contentOf(await post(url, { signal }))
    await new Promise(setImmediate)
    expect(listeners.size).toBe(0)
  })

  it('throws the error of a failed connection with its code', async () => {
    const { server, url } = await serve(() => {})
    await new Promise((resolve) => server.close(resolve))
    await expect(post(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each([307, 308])('follows a %i to the same origin, with the body and the key', async (status) => {
    const { url } = await serve(async (request, response) => {
      if (request.url === '/from') response.writeHead(status, { location: '/to' }).end()
      else response.end(`${request.method} ${request.headers.authorization} ${await text(request)}`)
    })
    const answer = await post(`${url}/from`, { headers: { authorization: 'k' }, body: 'hi' })
    expect(await contentOf(answer)).toBe('POST k hi')
  })

  it('does not follow a redirect that changes the method, leaves the origin, or is the sixth', async () => {
    let strangers = 0
    const stranger = await serve((_, response) => {
      strangers += 1
      response.end()
    })
    let requests = 0
    const { url } = await serve((request, response) => {
      requests += 1
      const [, status = '', target] = request.url?.split('/') ?? []
      const location = { out: stranger.url, broken: 'http://', here: request.url ?? '', none: undefined }[target ?? '']
      response.writeHead(Number(status), location === undefined ? {} : { location }).end()
    })
    for (const path of ['/307/out', '/308/out', '/301/here', '/302/here', '/303/here', '/307/broken', '/307/none']) {
      expect((await post(url + path)).status).toBe(Number(path.slice(1, 4)))
    }
    expect([strangers, requests]).toEqual([0, 7])
    expect((await post(`${url}/307/here`)).status).toBe(307)
    expect(requests).toBe(7 + 6)
  })

  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n'

  /** Sends a first request, which leaves an idle connection, and a second one on it, which `second` answers. */
  async function reuse(second: (socket: Socket) => void) {
    const seen: number[] = []
    const { url, requests } = await serveRaw((socket, connection) => {
      seen.push(connection)
      const onOld = connection === 1 && seen.length > 1
      if (onOld) second(socket)
      else socket.write(`${OK}done`)
    })
    await contentOf(await post(url))
    await new Promise(setImmediate)
    return { answer: post(url), seen, requests }
  }

  it('sends a request again, once, if a kept connection breaks before the first byte', async () => {
    const { answer, seen } = await reuse((socket) => socket.resetAndDestroy())
    expect(await contentOf(await answer)).toBe('done')
    expect(seen).toEqual([1, 1, 2])
  })

  it('does not send a request again after the first byte of an answer', async () => {
    const { answer, requests } = await reuse((socket) => {
      socket.write('HTTP/1.1 1', () => socket.resetAndDestroy())
    })
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(requests()).toBe(2)
  })

  it('does not send a request again that failed on a new connection', async () => {
    const { url, requests } = await serveRaw((socket) => socket.resetAndDestroy())
    await expect(post(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(requests()).toBe(1)
  })
})
