import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/** Where a server listens. */
export interface Place {
  readonly host: string
  readonly port: number
  /** How many connections may wait to be accepted, at each listening socket. */
  readonly backlog: number
}

/** With the socket of the server itself, 64 connections are accepted in a turn of the event loop. */
const LISTENERS = 63

/**
 * More listening sockets on the port of a server. The event loop accepts one connection of each socket in a turn, so behind a
 * crowd a new connection, such as a check of health, waits for a sixtieth of the turns (docs/decisions/2026-11-27-crowds.md).
 */
export class SideListeners {
  readonly #server: HttpServer
  readonly #listeners: Server[] = []
  #opening = Promise.resolve()
  #isClosing = false

  /** @param server serves all connections. It has to listen with `reusePort` */
  constructor(server: HttpServer) {
    this.#server = server
  }

  /** Opens them in the background, because all of them together take as long as a tenth of a start. */
  open(place: Place): void {
    this.#opening = this.#openAll(place)
  }

  /** Stops listening in this turn of the event loop, or in the next. Resolves when all connections have ended. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#opening
    await Promise.all(this.#listeners.map((listener) => closed(listener)))
  }

  /** Opens none where the operating system has no such sockets. */
  async #openAll(place: Place): Promise<void> {
    while (this.#listeners.length < LISTENERS) {
      await setImmediate()
      if (this.#isClosing) return
      const listener = await this.#listen(place)
      if (!listener) return
      this.#listeners.push(listener)
    }
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
