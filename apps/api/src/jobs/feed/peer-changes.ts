import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { FeedChannel } from '../ports/feed-channel.ts'
import type { ChangePosition, JobChange } from '../ports/job-changes.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { OVERLAP_MS, positionAt } from './feed-cursor.ts'
import { SeenChanges } from './seen-changes.ts'

interface PeerChangesDeps {
  readonly channel: FeedChannel
  readonly jobs: Pick<JobRepository, 'findChanged'>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
}

/** How often the store is asked for changes of which no message came, in milliseconds. */
const LOOKUP_MS = 5_000
const CHANGES_PER_PAGE = 500

/**
 * The changes that other processes make. They come as messages, and what a message did not tell comes from the store within
 * seconds: one lookup every five seconds, however many readers there are.
 */
export class PeerChanges {
  readonly #deps: PeerChangesDeps
  readonly #tell: (change: JobChange) => void
  readonly #seen: SeenChanges
  #leave: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** Aborts when the readers that a lookup is for are gone. */
  #listening: AbortController | undefined
  #isFailing = false

  /** @param tell called with each change that is news to this process, while it listens */
  constructor(deps: PeerChangesDeps, tell: (change: JobChange) => void) {
    this.#deps = deps
    this.#tell = tell
    this.#seen = new SeenChanges(deps.clock)
  }

  /** Whether other processes want to know of changes. */
  get areWaiting(): boolean {
    return this.#deps.channel.isWanted
  }

  /** Begins to listen, for the first reader of this process. */
  start(): void {
    const listening = new AbortController()
    this.#listening = listening
    this.#leave = this.#deps.channel.listen((change) => this.#takeNews(change))
    this.#timer = setTimeout(() => this.#lookUp(listening.signal), LOOKUP_MS).unref()
  }

  /** Ends that, as the last reader is gone. */
  stop(): void {
    this.#listening?.abort()
    this.#listening = undefined
    clearTimeout(this.#timer)
    this.#leave?.()
    this.#seen.clear()
  }

  /** A change of this process. */
  changed(change: JobChange): void {
    if (this.#listening) this.#takeNews(change)
    if (this.areWaiting) this.#deps.channel.publish(change)
  }

  async close(): Promise<void> {
    this.stop()
    await this.#deps.channel.close()
  }

  #takeNews(change: JobChange, asOf?: number): void {
    if (this.#seen.isNews(change.job, asOf)) this.#tell(change)
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    try {
      await this.#readStored(signal)
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#deps.logger.warn({ err: error }, 'could not look up the changes of other processes')
      this.#isFailing = true
    }
    if (signal.aborted) return
    this.#seen.forgetOld()
    this.#timer = setTimeout(() => this.#lookUp(signal), LOOKUP_MS).unref()
  }

  async #readStored(signal: AbortSignal): Promise<void> {
    const { jobs, clock } = this.#deps
    let after: ChangePosition | undefined = positionAt(clock.now() - OVERLAP_MS)
    while (after) {
      const asOf = this.#seen.moment
      const changes: JobChange[] = await jobs.findChanged({ after, limit: CHANGES_PER_PAGE })
      if (signal.aborted) return
      for (const change of changes) this.#takeNews(change, asOf)
      after = changes.length === CHANGES_PER_PAGE ? changes.at(-1)?.position : undefined
    }
  }
}
