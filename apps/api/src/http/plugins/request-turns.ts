import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** False: requests to the route begin at once, however many others wait. For checks of health. */
    readonly takesTurns?: false
  }
}

/** So many requests begin in one turn of the event loop. One takes about 0.2 ms. */
const REQUESTS_A_TURN = 32

/**
 * Lets only some requests begin in each turn of the event loop, in the order in which they came. Thousands of clients that connect
 * at one moment, as after a restart, would otherwise be served in one turn, and running jobs and checks of health would wait.
 */
export const requestTurns = fp(
  async (app) => {
    const turns = new Turns()
    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.takesTurns === false) return done()
      turns.take(() => {
        // A client that left while it waited needs no answer. Later hooks would wait in vain for the end of its response.
        if (reply.raw.closed) reply.hijack()
        else done()
      })
    })
  },
  { name: 'request-turns' },
)

class Turns {
  #begun = 0
  readonly #waiting: (() => void)[] = []

  /** Calls back in this turn or in one of the next ones. */
  take(begin: () => void): void {
    if (this.#begun === REQUESTS_A_TURN) return void this.#waiting.push(begin)
    if (this.#begun === 0) setImmediate(this.#nextTurn)
    this.#begun++
    begin()
  }

  readonly #nextTurn = (): void => {
    const next = this.#waiting.splice(0, REQUESTS_A_TURN)
    this.#begun = next.length
    if (next.length > 0) setImmediate(this.#nextTurn)
    for (const begin of next) begin()
  }
}
