import { once } from 'node:events'
import { createServer, type ListenOptions } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { closed, type Place } from '../http/side-listeners.ts'

/**
 * Makes the app listen, with many sockets where Linux shares the port among them.
 * @returns the address
 * @throws the error of the operating system, such as EADDRINUSE
 */
export async function listen(app: FastifyInstance, place: Place): Promise<string> {
  // Fastify listens at both addresses of localhost.
  if (process.platform !== 'linux' || place.host === 'localhost') return await app.listen(place)
  // Without sharing at first, as a port that is shared would be shared with a second server, too.
  const port = await portOf(place)
  const shared = { ...place, port, reusePort: true }
  const canShare = await portOf(shared).catch(() => undefined)
  const url = await app.listen(canShare === undefined ? { ...place, port } : shared)
  if (canShare !== undefined) app.sideListeners.open(shared)
  return url
}

/** Listens for a moment. @returns the port, which is a free one for the port 0 */
async function portOf(options: ListenOptions & { readonly port: number }): Promise<number> {
  const server = createServer()
  await once(server.listen(options), 'listening')
  const address = server.address()
  await closed(server)
  return typeof address === 'object' && address ? address.port : options.port
}
