import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'

interface SearchIndexerDeps {
  readonly jobs: Pick<JobRepository, 'indexEnded'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

const INTERVAL_MS = 2_000
/** Small enough that other work of the process is not delayed. */
const PER_STEP = 20
/** The pause behind a step, in times that the step took: most of the process and of the database is left to the jobs. */
const PAUSE = 3

/** Adds jobs to the index of the search, in the background, when they have ended, so that the path of a job does not wait for it. */
export class SearchIndexer {
  readonly #deps: SearchIndexerDeps
  #timer: NodeJS.Timeout | undefined
  #sweep: Promise<void> | undefined
  readonly #stopped = new AbortController()
  #hasFailed = false

  constructor(deps: SearchIndexerDeps) {
    this.#deps = deps
  }

  /** Indexes now, and then at an interval. */
  start(): void {
    this.#timer = setInterval(() => this.#sweepAlone(), INTERVAL_MS).unref()
    this.#sweepAlone()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#sweep
  }

  /** Indexes all jobs that have ended. Never rejects: the next sweep goes on. */
  async sweep(): Promise<void> {
    const { logger } = this.#deps
    try {
      while (await this.#step());
      this.#hasFailed = false
    } catch (error) {
      if (this.#stopped.signal.aborted) return
      // Logged once, however long the store does not answer.
      if (!this.#hasFailed) logger.warn({ err: error }, 'could not index jobs for the search')
      this.#hasFailed = true
    }
  }

  /** Returns whether there is more to do. */
  async #step(): Promise<boolean> {
    const { jobs, clock } = this.#deps
    const startedAt = performance.now()
    const hasMore = await jobs.indexEnded(clock.now(), PER_STEP)
    if (!hasMore || this.#stopped.signal.aborted) return false
    const pauseMs = PAUSE * (performance.now() - startedAt)
    await setTimeout(pauseMs, undefined, { ref: false, signal: this.#stopped.signal })
    return true
  }

  #sweepAlone(): void {
    this.#sweep ??= this.sweep().finally(() => {
      this.#sweep = undefined
    })
  }
}
