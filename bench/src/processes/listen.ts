import { once } from 'node:events'
import type { Server } from 'node:http'

/** Longer than a program waits for its turn, and as long as the server under test keeps a connection, in milliseconds. */
export const KEEP_ALIVE_MS = 72_000

/** Listens on a free port of 127.0.0.1 and tells the parent process where, on standard output. */
export async function listen(server: Server): Promise<void> {
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // A long backlog, because many clients connect at once.
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`)
}
