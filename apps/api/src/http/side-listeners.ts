import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'

/** Where a server listens. */
export interface Place {
  readonly host: string
  readonly port: number
  /** How many connections may wait to be accepted, at each listening socket. */
  readonly backlog: number
}

/** With the socket of the server itself, 32 connections are accepted in a turn of the event loop. */
const LISTENERS = 31

/**
 * More listening sockets on the port of a server. The event loop accepts one connection of each socket in a turn, so behind a
 * crowd a new connection, such as a check of health, waits for a thirtieth of the turns (docs/decisions/2026-11-27-crowds.md).
 */
export class SideListeners {
  readonly #server: HttpServer
  #listeners: readonly Server[] = []

  /** @param server serves all connections. It has to listen with `reusePort` */
  constructor(server: HttpServer) {
    this.#server = server
  }

  /** Where the operating system has no such sockets, none are opened. */
  async open(place: Place): Promise<void> {
    const opened = await Promise.all(Array.from({ length: LISTENERS }, () => this.#listen(place)))
    this.#listeners = opened.flatMap((listener) => listener ?? [])
  }

  /** Stops listening at once. Resolves when all connections have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => closed(listener)))
  }

  async #listen(place: Place): Promise<Server | undefined> {
    // As node:http makes its own sockets.
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#server.emit('connection', socket),
    )
    try {
      await once(listener.listen({ ...place, reusePort: true }), 'listening')
      return listener
    } catch {
      return undefined
    }
  }
}

/** Stops listening at once. Resolves when all connections have ended. */
export async function closed(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}
