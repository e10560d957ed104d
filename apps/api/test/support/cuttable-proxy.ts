import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A TCP proxy in front of a server, whose connections a test can break. Closed when the test ends. */
export class CuttableProxy {
  /** The URL of the server through the proxy. */
  readonly url: string
  readonly #connections = new Set<Connection>()
  #isCut = false
  #isMute = false
  #nextLimit = () => Number.POSITIVE_INFINITY
  #isCutting: (bytes: Buffer) => boolean = () => false
  #isLosing: (bytes: Buffer) => boolean = () => false

  private constructor(url: string) {
    this.url = url
  }

  static async start(url: string): Promise<CuttableProxy> {
    const { hostname, port } = new URL(url)
    const server = createServer((client) => proxy.#accept(client, connect(Number(port || 5432), hostname)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port: ownPort } = server.address() as AddressInfo
    const own = new URL(url)
    own.host = `127.0.0.1:${ownPort}`
    const proxy = new CuttableProxy(own.href)
    onTestFinished(() => {
      proxy.cut()
      server.close()
    })
    return proxy
  }

  /** Breaks every connection, and refuses new ones. */
  cut(): void {
    this.#isCut = true
    for (const { client, server } of this.#connections) {
      client.destroy()
      server.destroy()
    }
  }

  /**
   * Breaks every connection, and refuses new ones, before the first request that matches reaches the server.
   * @param matches given what a client sends, as it arrives
   */
  cutBefore(matches: (bytes: Buffer) => boolean): void {
    this.#isCutting = matches
  }

  /** The same when the answer to that request comes, so that it was carried out, and nobody is told. */
  cutBehind(matches: (bytes: Buffer) => boolean): void {
    this.#isLosing = matches
  }

  /** Requests still arrive at the server; answers are dropped. */
  mute(): void {
    this.#isMute = true
  }

  /** New connections work. */
  restore(): void {
    this.#isCutting = this.#isLosing = () => false
    this.#isCut = false
    this.#isMute = false
  }

  /**
   * Breaks every new connection after a number of bytes from the server, at least one, wherever in an answer that is.
   * @param nextLimit gives the number for the next connection
   */
  limit(nextLimit: () => number): void {
    this.#nextLimit = nextLimit
  }

  #accept(client: Socket, server: Socket): void {
    const connection = { client, server }
    let bytesLeft = this.#nextLimit()
    let isLost = false
    this.#connections.add(connection)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        this.#connections.delete(connection)
      })
    }
    client.on('data', (bytes) => {
      isLost ||= this.#isLosing(bytes)
      if (this.#isCutting(bytes)) this.cut()
      else server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (isLost) this.cut()
      else if (!this.#isMute && bytesLeft > 0) {
        client.write(bytes.subarray(0, bytesLeft))
        bytesLeft -= bytes.length
        // Only when these bytes are sent: they are to arrive.
        if (bytesLeft <= 0) client.end(() => client.destroy())
      }
    })
    if (this.#isCut) client.destroy()
  }
}

interface Connection {
  readonly client: Socket
  readonly server: Socket
}
