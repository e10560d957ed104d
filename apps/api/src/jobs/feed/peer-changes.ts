import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { FeedChannel } from '../ports/feed-channel.ts'
import type { ChangePosition, JobChange } from '../ports/job-changes.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { positionAsOf } from './feed-cursor.ts'
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
  #toldUntil = 0
  #isFailing = false

  /** @param tell called with each change that is new to this process, while it listens */
  constructor(deps: PeerChangesDeps, tell: (change: JobChange) => void) {
    this.#deps = deps
    this.#tell = tell
    this.#seen = new SeenChanges(deps.clock)
  }

  /** Whether other processes want to know of changes. */
  get areWaiting(): boolean {
    return this.#deps.channel.isWanted
  }

  /**
   * When all changes were told that were visible then, in milliseconds since the epoch. Of later ones, messages may have been lost.
   */
  get toldUntil(): number {
    // A clock that was set back may not hide what comes now.
    return Math.min(this.#toldUntil, this.#deps.clock.now())
  }

  /** Begins to listen, for the first reader of this process. */
  start(): void {
    const listening = new AbortController()
    this.#listening = listening
    this.#toldUntil = this.#deps.clock.now()
    this.#leave = this.#deps.channel.listen((change) => this.#take(change))
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
    if (this.#listening) this.#take(change)
    if (this.areWaiting) this.#deps.channel.publish(change)
  }

  async close(): Promise<void> {
    this.stop()
    await this.#deps.channel.close()
  }

  #take(change: JobChange, asOf?: number): void {
    if (this.#seen.isNew(change.job, asOf)) this.#tell(change)
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
    const now = clock.now()
    // From where the last lookup that succeeded was sure, however long ago that is.
    let after: ChangePosition | undefined = positionAsOf(this.toldUntil)
    while (after) {
      const asOf = this.#seen.moment
      const changes: JobChange[] = await jobs.findChanged({ after, limit: CHANGES_PER_PAGE })
      if (signal.aborted) return
      for (const change of changes) this.#take(change, asOf)
      after = changes.length === CHANGES_PER_PAGE ? changes.at(-1)?.position : undefined
    }
    this.#toldUntil = now
  }
}
