import type { JobSummary } from '@promptlab/contract'
import type { ChangePosition } from '../ports/job-changes.ts'
import { untilAvailable } from '../until-available.ts'
import type { CallerChanges, StoredPage } from './caller-changes.ts'
import { earlierOf, OVERLAP_MS, positionAsOf } from './feed-cursor.ts'
import type { FeedEvent } from './feed-event.ts'
import { isReached, type Stage, stageOf } from './stage.ts'

export interface FeedReaderCallbacks {
  /** Called when `read` has events. */
  readonly onReady: () => void
  /** Called when the changes cannot be read, except that a store that is away is waited for; no more events come. */
  readonly onError: (error: unknown) => void
}

/**
 * Reads the changes of a caller's jobs: behind a cursor each changed job in its latest state, from the store, then the live ones.
 * A reader that falls too far behind gets its changes from the store again. It buffers no more than a page.
 */
export class FeedReader {
  readonly #changes: CallerChanges
  readonly #callbacks: FeedReaderCallbacks
  readonly #detach: () => void
  readonly #closing = new AbortController()
  /** Where the events from memory go on. */
  #next: number
  /** That of the last event that was read. */
  #cursor: ChangePosition
  /** The time as of which the store is read, in milliseconds since the epoch. */
  #asOf: number
  #isOpened = false
  /** Behind which the store is read. Undefined: the events are live. */
  #after: ChangePosition | undefined
  #page: readonly FeedEvent[] = []
  #isFetching = false
  /** How far jobs had come in the store, if a live event may tell of an earlier state. */
  readonly #told = new Map<string, Stage>()
  /** When no such event comes any more, of the steady clock. */
  #toldUntil = 0

  /** @param cursor where a client was. Undefined: the feed begins now */
  constructor(
    changes: CallerChanges,
    cursor: ChangePosition | undefined,
    callbacks: FeedReaderCallbacks,
    onClose: () => void,
  ) {
    this.#changes = changes
    this.#callbacks = callbacks
    this.#asOf = changes.asOf()
    this.#cursor = cursor ?? positionAsOf(this.#asOf)
    const detach = changes.attach(callbacks.onReady)
    this.#detach = () => {
      detach()
      onClose()
    }
    // Before the store is read: what is stored in between comes twice rather than not at all.
    this.#next = changes.end
    // Not behind what may come now, if a clock was set back since.
    if (cursor) this.#after = earlierOf(cursor, positionAsOf(this.#asOf))
  }

  get isDone(): boolean {
    return this.#closing.signal.aborted
  }

  /** Some of the events that are ready, in order. Empty when none is. */
  read(): readonly FeedEvent[] {
    if (this.isDone) return []
    if (!this.#isOpened) {
      this.#isOpened = true
      return [{ cursor: this.#cursor }]
    }
    const events = this.#after === undefined && this.#page.length === 0 ? this.#readLive() : this.#readPage()
    this.#cursor = events.at(-1)?.cursor ?? this.#cursor
    return events
  }

  /** Detaches the reader. Harmless when repeated. */
  close(): void {
    if (this.isDone) return
    this.#closing.abort()
    this.#detach()
  }

  #readPage(): readonly FeedEvent[] {
    const events = this.#page
    this.#page = []
    if (this.#after) this.#fetch(this.#after)
    return events
  }

  #readLive(): readonly FeedEvent[] {
    for (;;) {
      const events = this.#changes.eventsFrom(this.#next)
      if (!events) {
        this.#after = this.#cursor
        this.#asOf = this.#changes.asOf()
        this.#next = this.#changes.end
        return this.#readPage()
      }
      this.#next += events.length
      const untold = this.#told.size === 0 ? events : events.filter(({ job }) => job && this.#tellsMore(job))
      if (this.#told.size > 0 && this.#changes.elapsed() > this.#toldUntil) this.#told.clear()
      if (untold.length > 0 || events.length === 0) return untold
    }
  }

  /** Whether a live event tells more than the store did. */
  #tellsMore(job: JobSummary): boolean {
    const told = this.#told.get(job.id)
    return !told || !isReached(stageOf(job), told)
  }

  #fetch(after: ChangePosition): void {
    if (this.#isFetching) return
    this.#isFetching = true
    const { signal } = this.#closing
    const read = () => this.#changes.readStored(after, this.#asOf, signal)
    untilAvailable(read, { signal, onFailure: () => {} }).then(
      (page) => this.#take(page),
      (error: unknown) => {
        if (this.isDone) return
        this.close()
        this.#callbacks.onError(error)
      },
    )
  }

  #take({ events, since, next }: StoredPage): void {
    this.#isFetching = false
    if (this.isDone) return
    // The query may have been sent before this reader was attached.
    this.#next = Math.min(this.#next, since)
    const recently = positionAsOf(this.#asOf).updatedAt
    for (const { job } of events) if (job && job.updatedAt >= recently) this.#told.set(job.id, stageOf(job))
    this.#page = events
    this.#after = next
    if (!next) this.#toldUntil = this.#changes.elapsed() + OVERLAP_MS
    this.#callbacks.onReady()
  }
}
