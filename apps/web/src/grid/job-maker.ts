import { ApiError, ConnectionError, type Job } from '@promptlab/client'

interface MakerEvents {
  readonly onJob: (job: Job) => void
  /** The server takes no job now, and is asked again. Undefined: it does again. */
  readonly onWait: (error: unknown | undefined) => void
}

/** How many jobs are created at once. */
const AT_ONCE = 8
/** The pause before a creation that failed is tried again, in milliseconds. The client itself has tried for about 10 s then. */
const PAUSE_MS = 2_000
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

/** Creates jobs, a few at once, until all are there or it is stopped. */
export class JobMaker {
  readonly #events: MakerEvents
  readonly #stopping = new AbortController()

  constructor(events: MakerEvents) {
    this.#events = events
  }

  /**
   * Creates jobs.
   * @throws what the server says of a job that it does not take; no more jobs are created then
   */
  async make(creations: readonly (() => Promise<Job>)[]): Promise<void> {
    const queue = [...creations]
    const work = async () => {
      for (let next = queue.shift(); next && !this.#stopping.signal.aborted; next = queue.shift())
        await this.#create(next)
    }
    const workers = Array.from({ length: AT_ONCE }, () =>
      work().catch((error: unknown) => {
        this.stop()
        throw error
      }),
    )
    // Those that are under way are waited for, so that no job comes after this has ended.
    const results = await Promise.allSettled(workers)
    const refused = results.find((result) => result.status === 'rejected')
    if (refused) throw refused.reason
  }

  /** Creates no more jobs. */
  stop(): void {
    this.#stopping.abort()
  }

  async #create(create: () => Promise<Job>): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const error = await this.#attempt(create)
      if (error === undefined) return
      this.#events.onWait(error)
      await pause(error instanceof ApiError ? (error.retryAfterMs ?? PAUSE_MS) : PAUSE_MS, signal)
    }
  }

  /** @returns what will pass; undefined if the job is there */
  async #attempt(create: () => Promise<Job>): Promise<unknown> {
    try {
      this.#events.onJob(await create())
      this.#events.onWait(undefined)
      return undefined
    } catch (error) {
      if (!isPassing(error)) throw error
      return error
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  return error instanceof ApiError && PASSING.has(error.status) && error.code !== 'provider-key-missing'
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
