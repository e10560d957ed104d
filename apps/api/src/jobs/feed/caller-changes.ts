import type { Clock } from '../../base/clock.ts'
import { Waker } from '../../base/waker.ts'
import type { Caller } from '../caller.ts'
import type { ChangePosition, JobChange } from '../ports/job-changes.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { earlierOf, positionAsOf } from './feed-cursor.ts'
import type { FeedEvent } from './feed-event.ts'
import type { QueryTurns } from './query-turns.ts'

/** The most events that are kept. A reader that is behind them gets its changes from the store. */
const MAX_KEPT = 1_000
const NONE: readonly FeedEvent[] = []
/** The most events that a reader gets at once, from memory or from the store. */
const EVENTS_AT_ONCE = 100

interface CallerChangesDeps {
  readonly jobs: Pick<JobRepository, 'findChanged'>
  readonly clock: Clock
  /** Of the lookups of all callers. */
  readonly turns: QueryTurns
  /** When all changes were told that were visible then, in milliseconds since the epoch. */
  readonly toldUntil: () => number
}

/** A lookup that waits for its turn, or is under way. */
interface Lookup {
  readonly page: Promise<StoredPage>
  /** The readers that wait for it. */
  waiting: number
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
  readonly #waker = new Waker(this.#readers, (wake) => wake())
  /** By the position behind which they read, and the time as of which their readers do. */
  readonly #lookups = new Map<string, Lookup>()
  #last: { readonly from: number; readonly end: number; readonly events: readonly FeedEvent[] } | undefined

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

  /**
   * The time as of which a reader that begins now reads the store, in milliseconds since the epoch. It is one of whole seconds, so
   * that readers which come together share their pages.
   */
  asOf(): number {
    return Math.floor(this.#deps.toldUntil() / 1000) * 1000
  }

  /** @returns removes the reader */
  attach(wake: () => void): () => void {
    this.#readers.add(wake)
    return () => this.#readers.delete(wake)
  }

  add({ job }: JobChange): void {
    if (this.#events.length === MAX_KEPT) this.#start += this.#events.splice(0, MAX_KEPT / 2).length
    this.#events.push({ cursor: positionAsOf(this.#deps.toldUntil()), job })
    this.#waker.wakeSoon()
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
   * @param asOf when the reader began to read the store, see `asOf`
   * @param signal the reader is gone. A query for which no reader waits is not made
   */
  async readStored(after: ChangePosition, asOf: number, signal: AbortSignal): Promise<StoredPage> {
    signal.throwIfAborted()
    const key = `${after.updatedAt} ${after.id} ${asOf}`
    let lookup = this.#lookups.get(key)
    if (!lookup) {
      lookup = { page: this.#readInTurn(key, after, asOf), waiting: 0 }
      this.#lookups.set(key, lookup)
    }
    const { page } = lookup
    const leave = () => lookup.waiting--
    lookup.waiting++
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await page
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  async #readInTurn(key: string, after: ChangePosition, asOf: number): Promise<StoredPage> {
    try {
      return await this.#deps.turns.run(async () => {
        if (this.#lookups.get(key)?.waiting !== 0) return await this.#readPage(after, asOf)
        // At once, so that no reader joins.
        this.#lookups.delete(key)
        throw new Error('No reader waits for these changes any more')
      })
    } finally {
      this.#lookups.delete(key)
    }
  }

  async #readPage(after: ChangePosition, asOf: number): Promise<StoredPage> {
    const since = this.end
    const changes = await this.#deps.jobs.findChanged({ after, limit: EVENTS_AT_ONCE, owner: this.#caller })
    // What becomes visible since then comes behind the one, and what was not read yet behind the other.
    const latest = positionAsOf(asOf)
    const events = changes.map(({ job, position }) => ({ cursor: earlierOf(position, latest), job }))
    return { events, since, next: changes.length < EVENTS_AT_ONCE ? undefined : changes.at(-1)?.position }
  }
}
