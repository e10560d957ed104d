import type { Clock } from '../../base/clock.ts'
import { wakeAfterReads } from '../../base/wake-after-reads.ts'
import type { Caller } from '../caller.ts'
import type { ChangePosition, JobChange } from '../ports/job-changes.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { laterOf, OVERLAP_MS, positionAt } from './feed-cursor.ts'
import type { FeedEvent } from './feed-event.ts'

/** The most events that are kept. A reader that is behind them gets its changes from the store. */
const MAX_KEPT = 1_000
const NONE: readonly FeedEvent[] = []
/** The most events that a reader gets at once, from memory or from the store. */
const EVENTS_AT_ONCE = 100

interface CallerChangesDeps {
  readonly jobs: Pick<JobRepository, 'findChanged'>
  readonly clock: Clock
}

/** A page of changes from the store. */
export interface StoredPage {
  readonly events: readonly FeedEvent[]
  /** The number of the first live event that the page may lack. */
  readonly since: number
  /** Behind which the next page begins. Undefined if this is the last one. */
  readonly next: ChangePosition | undefined
}

/**
 * The live changes of the jobs of one caller, while it has readers. Each reader holds the number of the next event into the one
 * list, so a slow reader costs no memory. Readers that ask for the same get the same objects, which are encoded once.
 */
export class CallerChanges {
  readonly #deps: CallerChangesDeps
  readonly #caller: Caller
  readonly #events: FeedEvent[] = []
  /** The number of the first event that is kept. */
  #start = 0
  readonly #readers = new Set<() => void>()
  /** The lookups under way, by the position behind which they read. */
  readonly #pages = new Map<string, Promise<StoredPage>>()
  #last: { readonly from: number; readonly end: number; readonly events: readonly FeedEvent[] } | undefined
  #isWaking = false

  /** @param caller undefined: the jobs of all callers */
  constructor(deps: CallerChangesDeps, caller: Caller) {
    this.#deps = deps
    this.#caller = caller
  }

  /** The number of the next event. */
  get end(): number {
    return this.#start + this.#events.length
  }

  get readerCount(): number {
    return this.#readers.size
  }

  /** Milliseconds of a steady clock. */
  elapsed(): number {
    return this.#deps.clock.elapsed()
  }

  /** The position before all changes of which a message may still come. */
  recently(): ChangePosition {
    return positionAt(this.#deps.clock.now() - OVERLAP_MS)
  }

  /** @returns removes the reader */
  attach(wake: () => void): () => void {
    this.#readers.add(wake)
    return () => this.#readers.delete(wake)
  }

  add({ job, position }: JobChange): void {
    if (this.#events.length === MAX_KEPT) this.#start += this.#events.splice(0, MAX_KEPT / 2).length
    this.#events.push({ cursor: this.#cursorOf(position, this.#events.at(-1)?.cursor), job })
    if (this.#isWaking) return
    this.#isWaking = true
    wakeAfterReads(this.#wake)
  }

  /** Some of the events from a number on; undefined if they are not kept any more. */
  eventsFrom(from: number): readonly FeedEvent[] | undefined {
    if (from < this.#start) return undefined
    // Asked for by each reader behind its last event: the events of those before it are kept for those after it.
    if (from === this.end) return NONE
    const end = Math.min(this.end, from + EVENTS_AT_ONCE)
    if (this.#last?.from !== from || this.#last.end !== end)
      this.#last = { from, end, events: this.#events.slice(from - this.#start, end - this.#start) }
    return this.#last.events
  }

  /**
   * Changes from the store behind a position. Simultaneous calls for one position share a query: all clients that lose their
   * server come back with the same cursor.
   * @param cursor that the client has: the events before it get no earlier one
   */
  readStored(after: ChangePosition, cursor: ChangePosition): Promise<StoredPage> {
    const key = [after.updatedAt, after.id, cursor.updatedAt, cursor.id].join(' ')
    let page = this.#pages.get(key)
    if (!page) {
      page = this.#readPage(after, cursor).finally(() => this.#pages.delete(key))
      this.#pages.set(key, page)
    }
    return page
  }

  async #readPage(after: ChangePosition, cursor: ChangePosition): Promise<StoredPage> {
    const since = this.end
    const changes = await this.#deps.jobs.findChanged({ after, limit: EVENTS_AT_ONCE, owner: this.#caller })
    const events = changes.map(({ job, position }) => ({ cursor: this.#cursorOf(position, cursor), job }))
    return { events, since, next: changes.length < EVENTS_AT_ONCE ? undefined : changes.at(-1)?.position }
  }

  /** Not later than now: from a clock that is ahead, the changes in between would be left out. */
  #cursorOf(position: ChangePosition, before: ChangePosition | undefined): ChangePosition {
    const now = positionAt(this.#deps.clock.now())
    const cursor = laterOf(position, now) === now ? position : now
    return before ? laterOf(before, cursor) : cursor
  }

  readonly #wake = (): void => {
    this.#isWaking = false
    for (const wake of this.#readers) wake()
  }
}
