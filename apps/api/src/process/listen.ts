import { once } from 'node:events'
import { createServer } from 'node:net'
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
  const shared = { ...place, port: await tryPort(place), reusePort: true }
  const url = await app.listen(shared)
  await app.sideListeners.open(shared)
  return url
}

/** Listens for a moment without sharing the port, as a port that is shared would be shared with a second server, too. */
async function tryPort(place: Place): Promise<number> {
  const server = createServer()
  await once(server.listen(place), 'listening')
  const address = server.address()
  await closed(server)
  return typeof address === 'object' && address ? address.port : place.port
}
