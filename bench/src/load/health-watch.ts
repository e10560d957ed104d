import { Agent, type ClientRequest, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { LoopDelay, readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import type { Task } from '../processes/task.ts'

/** How long health checks took, in milliseconds. */
const HealthTimes = z.object({
  /** Of `/health/live`, on one connection that is kept. */
  keptMs: z.array(z.number()),
  /** Of `/health/ready`, each on a new connection. */
  newMs: z.array(z.number()),
  /** Checks that got another answer than 200, or none. */
  failed: z.int(),
  /** Of the process that asks: its own lateness is in the times of the answers. */
  ownDelay: LoopDelay,
})
export type HealthTimes = z.infer<typeof HealthTimes>

const INTERVAL_MS = 20

/** The checks of one server. */
class HealthWatch {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #open = new Set<ClientRequest>()
  readonly #timer = setInterval(() => this.#ask(), INTERVAL_MS)
  #keptMs: number[] = []
  #newMs: number[] = []
  #failed = 0
  #isKeptAsked = false

  constructor(url: string) {
    this.#url = url
  }

  /** The times since the last call. */
  take(): Pick<HealthTimes, 'keptMs' | 'newMs' | 'failed'> {
    const taken = { keptMs: this.#keptMs, newMs: this.#newMs, failed: this.#failed }
    this.#keptMs = []
    this.#newMs = []
    this.#failed = 0
    return taken
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const asked of this.#open) asked.destroy()
    this.#agent.destroy()
  }

  #ask(): void {
    this.#time('/health/ready', false, (ms) => this.#newMs.push(ms))
    if (this.#isKeptAsked) return
    this.#isKeptAsked = true
    this.#time('/health/live', this.#agent, (ms) => {
      this.#isKeptAsked = false
      // The checks that would have been sent while this one was open would have waited, too.
      for (let waited = ms; waited > 0; waited -= INTERVAL_MS) this.#keptMs.push(waited)
    })
  }

  #time(path: string, agent: Agent | false, note: (ms: number) => void): void {
    const startedAt = performance.now()
    const asked = request(`${this.#url}${path}`, { agent }, (answer) => {
      if (answer.statusCode !== 200) this.#failed += 1
      answer.resume()
    })
    this.#open.add(asked)
    asked.once('error', () => {
      this.#failed += 1
    })
    asked.once('close', () => {
      this.#open.delete(asked)
      note(performance.now() - startedAt)
    })
    asked.end()
  }
}

let watch: HealthWatch | undefined

/** Asks a server every 20 ms whether it is healthy, until the next `stopHealthWatch`. */
export const startHealthWatch: Task<{ url: string }, null> = {
  name: 'start-health-watch',
  params: z.object({ url: z.string() }),
  result: z.null(),
  run: ({ url }) => {
    watch?.stop()
    watch = new HealthWatch(url)
    return watchLoopDelay.run(null)
  },
}

/** The times since the start, or since the last call. */
export const readHealthTimes: Task<null, HealthTimes> = {
  name: 'read-health-times',
  params: z.null(),
  result: HealthTimes,
  run: async () => {
    if (!watch) throw new Error('startHealthWatch has to be called first')
    const times = { ...watch.take(), ownDelay: await readLoopDelay.run(null) }
    await watchLoopDelay.run(null)
    return times
  },
}

export const stopHealthWatch: Task<null, null> = {
  name: 'stop-health-watch',
  params: z.null(),
  result: z.null(),
  run: () => {
    watch?.stop()
    watch = undefined
    return null
  },
}
