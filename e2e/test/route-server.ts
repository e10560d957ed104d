import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ChatHandlers } from '@promptlab/client/ai-sdk'
import { onTestFinished } from 'vitest'

/** Serves the handlers of a chat at the paths that `useChat` knows, as a framework does. Returns the address of `/api/chat`. */
export async function startRoutes(handlers: ChatHandlers): Promise<string> {
  const server = createServer((message, reply) => {
    answer(handlers, message)
      // A stream that breaks, or a client that leaves, breaks the connection.
      .then((response) => send(response, reply))
      .catch(() => reply.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/api/chat`
}

async function answer(handlers: ChatHandlers, message: IncomingMessage): Promise<Response> {
  const { method = 'GET', url = '' } = message
  const body = await Array.fromAsync(message)
  const headers = Object.entries(message.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  const request = new Request(`http://server${url}`, {
    method,
    headers,
    ...(body.length > 0 && { body: Buffer.concat(body) }),
  })
  const [, id = '', action] = /^\/api\/chat\/([^/]+)\/(stream|stop)$/.exec(url) ?? []
  const route = { params: Promise.resolve({ id: decodeURIComponent(id) }) }
  if (method === 'GET' && action === 'stream') return await handlers.resume(request, route)
  return await (action === 'stop' ? handlers.stop(request, route) : handlers.send(request))
}

async function send(response: Response, reply: ServerResponse): Promise<void> {
  reply.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body) await pipeline(Readable.fromWeb(response.body), reply)
  else reply.end()
}
