import { once } from 'node:events'
import { createServer } from 'node:http'
import { get } from 'node:https'
import { expect, it, onTestFinished } from 'vitest'
import { useProxy } from './use-proxy.ts'

/** A proxy that refuses every connection, and notes where they were to go. */
async function startProxy(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('No address')
  return { url: `http://127.0.0.1:${address.port}`, asked }
}

/** One call by each way in which providers call their vendors. */
async function callEach(host: string): Promise<void> {
  await expect(fetch(`https://${host}/v1`)).rejects.toThrow()
  const request = get(`https://${host}/v1`)
  await once(request, 'error')
}

it('calls to vendors by https go through the proxy, except to the hosts that are excepted', async () => {
  const { url, asked } = await startProxy()
  const stop = useProxy({ url, except: ['inside.invalid'] })
  onTestFinished(stop)
  await callEach('vendor.invalid')
  expect(asked).toEqual(['vendor.invalid:443', 'vendor.invalid:443'])
  await callEach('inside.invalid')
  expect(asked).toHaveLength(2)
})
