import type { Job } from '@promptlab/client'
import { client } from '../api.ts'

interface LoaderEvents {
  readonly onJob: (job: Job) => void
  readonly onFault: (id: string, error: unknown) => void
}

/** How many jobs are loaded at once. */
const AT_ONCE = 4

/** Loads whole jobs, a few at once. */
export class TextLoader {
  readonly #events: LoaderEvents
  readonly #loading = new Set<string>()
  #wanted: string[] = []
  #leaving = new AbortController()
  #waiting: (() => void)[] = []

  constructor(events: LoaderEvents) {
    this.#events = events
  }

  /** Says which jobs to load, first ones first, in place of those that were wanted before. */
  want(ids: readonly string[]): void {
    this.#wanted = ids.filter((id) => !this.#loading.has(id))
    this.#go()
  }

  /** Resolves when everything that is wanted was loaded, or could not be. */
  async settled(): Promise<void> {
    if (this.#loading.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  stop(): void {
    this.#wanted = []
    this.#leaving.abort()
    this.#leaving = new AbortController()
  }

  #go(): void {
    while (this.#loading.size < AT_ONCE) {
      const id = this.#wanted.shift()
      if (id === undefined) break
      this.#loading.add(id)
      void this.#load(id, this.#leaving.signal)
    }
    if (this.#loading.size > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #load(id: string, signal: AbortSignal): Promise<void> {
    try {
      this.#events.onJob(await client.get(id, { signal }))
    } catch (error) {
      if (!signal.aborted) this.#events.onFault(id, error)
    } finally {
      this.#loading.delete(id)
      this.#go()
    }
  }
}
