import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Caller } from '../caller.ts'
import type { StoredJob } from '../job.ts'
import type { FeedChannel } from '../ports/feed-channel.ts'
import type { ChangePosition, JobChange } from '../ports/job-changes.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { announcedChanges } from './announced-changes.ts'
import { CallerChanges } from './caller-changes.ts'
import { FeedReader, type FeedReaderCallbacks } from './feed-reader.ts'
import { PeerChanges } from './peer-changes.ts'
import { QueryTurns } from './query-turns.ts'

/** The most pages that are read from the store at once, for all readers that go on where they were. */
const PAGES_AT_ONCE = 2

interface JobFeedDeps {
  readonly jobs: Pick<JobRepository, 'findChanged'>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** Undefined when there is one process. */
  readonly channel?: FeedChannel | undefined
}

/** The changes of state of jobs, for those who watch all jobs of a caller. It costs nothing while nobody does. */
export class JobFeed {
  readonly #deps: JobFeedDeps
  readonly #peers: PeerChanges | undefined
  /** Those that have readers. */
  readonly #callers = new Map<Caller, CallerChanges>()
  readonly #turns = new QueryTurns(PAGES_AT_ONCE)

  constructor(deps: JobFeedDeps) {
    const { channel } = deps
    this.#deps = deps
    this.#peers = channel && new PeerChanges({ ...deps, channel }, (change) => this.#tell(change))
  }

  /**
   * Opens a reader.
   * @param caller undefined: of the jobs of all callers
   * @param cursor where the reader goes on. Undefined: now
   */
  open(caller: Caller, cursor: ChangePosition | undefined, callbacks: FeedReaderCallbacks): FeedReader {
    if (this.#callers.size === 0) this.#peers?.start()
    const changes = this.#callers.get(caller) ?? this.#newChanges(caller)
    this.#callers.set(caller, changes)
    return new FeedReader(changes, cursor, callbacks, () => {
      if (changes.readerCount > 0) return
      this.#callers.delete(caller)
      if (this.#callers.size === 0) this.#peers?.stop()
    })
  }

  /**
   * Takes note of a job that was just stored.
   * @param isNew whether it was made, or else has changed
   */
  changed(job: StoredJob, isNew: boolean): void {
    if (job.deleteAfter !== undefined || !this.#isRead(job)) return
    for (const change of announcedChanges(job, isNew)) {
      if (this.#peers) this.#peers.changed(change)
      else this.#tell(change)
    }
  }

  async close(): Promise<void> {
    await this.#peers?.close()
  }

  #newChanges(caller: Caller): CallerChanges {
    const { jobs, clock } = this.#deps
    const toldUntil = () => this.#peers?.toldUntil ?? clock.now()
    return new CallerChanges({ jobs, clock, turns: this.#turns, toldUntil }, caller)
  }

  #isRead({ owner }: StoredJob): boolean {
    return this.#callers.has(owner) || this.#callers.has(undefined) || this.#peers?.areWaiting === true
  }

  #tell(change: JobChange): void {
    this.#callers.get(undefined)?.add(change)
    if (change.owner !== undefined) this.#callers.get(change.owner)?.add(change)
  }
}
