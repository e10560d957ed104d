import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { onTestFinished } from 'vitest'

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/**
 * Serves a page over plain HTTP, from another host than this one, until the test ends. Returns its address, which ends with `/`.
 * @param read the file at a path, which begins with `/`
 */
export async function servePage(read: (path: string) => Promise<string>): Promise<string> {
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://page.example')
    const text = await read(pathname).catch(() => undefined)
    const type = TYPES[extname(pathname)] ?? 'text/html; charset=utf-8'
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': type }).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return `http://page.example:${port}/`
}
