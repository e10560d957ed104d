import { type AnyStreamEvent, type FinalJob, isFinal, type WaitingFor } from '@promptlab/contract'
import type { StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import type { TokenLog, TokenReader } from '../ports/token-log.ts'
import { untilAvailable } from '../until-available.ts'
import type { View } from '../views/view.ts'
import type { SharedLookups } from './shared-lookups.ts'
import type { SharedRecords } from './shared-records.ts'
import { type StoredEvents, StoredReplay, TimedReplay } from './stored-events.ts'

interface JobEventReaderDeps {
  readonly jobs: Pick<JobRepository, 'find'>
  readonly tokenLog: TokenLog
  /** For lookups that the log asks for. */
  readonly lookups: SharedLookups
  readonly records: SharedRecords
}

/** What is read of a job. */
export interface Reading<Event = AnyStreamEvent> {
  readonly view: View<Event>
  /** The cursor behind which events are read, as the view counts. */
  readonly after: number
  /** Replays a job that has ended with the timing of its run, so many times as fast. Undefined: as fast as it is read. */
  readonly speed?: number | undefined
}

export interface ReaderCallbacks {
  /** Called when `read` has events, or when no more events will come. */
  readonly onReady: () => void
  /** Called when the record cannot be read, except that a store that is away is waited for; no more events come. */
  readonly onError: (error: unknown) => void
  /** Called when it is found that the job waits for its vendor, once for each such time. Undefined: nobody wants to know. */
  readonly onWaiting?: ((wait: VendorWait) => void) | undefined
}

/** Which provider a job waits for, and until when. */
export type VendorWait = Pick<StoredJob, 'provider'> & Pick<WaitingFor, 'until'>

/**
 * Reads the events of one job behind a cursor: what there is of the answer, the live pieces, and the final event. Its user asks
 * for the events that are ready. The reader buffers none of them, so a slow user costs no more memory than a fast one.
 */
export class JobEventReader<Event = AnyStreamEvent> {
  readonly #deps: JobEventReaderDeps
  readonly #jobId: string
  readonly #reading: Reading<Event>
  readonly #callbacks: ReaderCallbacks
  readonly #tokens: TokenReader<Event>
  /** The events behind those of the log, once a lookup has found the record final. */
  #stored: StoredEvents<Event> | undefined
  #isLookingUp = false
  /** Whether only the record can say how to go on. */
  #needsRecord: boolean
  /** Ends the wait for a store that is away. */
  #storeWait: AbortController | undefined
  #isDone = false
  /** Whether nothing comes before the next piece, or it was read. */
  #hasBegun: boolean
  /** The first pieces, until the record is read that the view begins with. */
  #held: readonly Event[] = []
  /** That record. */
  #begun: StoredJob | undefined
  /** Whether nothing of the answer has come yet. */
  #hasNothing: boolean
  /** Until when the job waits, as it was told last. */
  #waitsUntil: string | undefined

  /**
   * Attaches to the log before it reads the record, so that a job which ends in between is seen as ended by one of the two.
   */
  constructor(deps: JobEventReaderDeps, jobId: string, reading: Reading<Event>, callbacks: ReaderCallbacks) {
    this.#deps = deps
    this.#jobId = jobId
    this.#reading = reading
    this.#callbacks = callbacks
    this.#needsRecord = reading.speed !== undefined
    this.#hasBegun = reading.view.beginning === undefined
    this.#hasNothing = callbacks.onWaiting !== undefined && reading.after === 0
    const { onReady } = callbacks
    this.#tokens = deps.tokenLog.attach(jobId, reading.view, reading.after, {
      onReady,
      onIdle: () => this.#lookUpWhenIdle(),
    })
    this.#lookUp((job) => {
      if (!job) this.close()
      // The log may still have the pieces of a job that has just ended, as they were streamed.
      else if (isFinal(job) && (this.#needsRecord || !this.#tokens.hasEnded)) this.#finish(job)
      this.#needsRecord = false
    })
  }

  /**
   * Whether no more events will come. Without a final event the log has ended but the job has not, as happens when the
   * server stops; the client may resume.
   */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Whether the end of the job is not known here yet. */
  get isWaiting(): boolean {
    return this.#stored === undefined && !this.#tokens.hasEnded
  }

  /** Looks up whether the job waits for its vendor, if nothing of the answer has come yet. */
  checkWait(): void {
    if (this.#hasNothing) this.#lookUpWhenIdle()
  }

  /** All events that are ready, in order. */
  read(): readonly Event[] {
    const events = this.#readReady()
    if (events.length > 0) this.#hasNothing = false
    return events
  }

  #readReady(): readonly Event[] {
    if (this.#isDone || this.#needsRecord) return []
    if (this.#stored) {
      const events = this.#behindBeginning(this.#stored.read())
      if (this.#stored.isDone) this.close()
      return events
    }
    const events = this.#behindBeginning(this.#tokens.read())
    if (this.#held.length > 0 || !this.#tokens.hasEnded) return events
    const { final } = this.#tokens
    const last = final && this.#reading.view.finalEvent(final)
    if (last !== undefined) {
      this.close()
      return [...events, last]
    }
    this.#lookUp((job) => (job && isFinal(job) ? this.#finish(job) : this.close()))
    return events
  }

  /** Detaches from the log. Harmless when repeated. */
  close(): void {
    if (this.#stored && !this.#isDone) this.#deps.records.release(this.#jobId)
    this.#isDone = true
    this.#storeWait?.abort()
    this.#stored?.close()
    this.#tokens.detach()
  }

  /** Puts what the view begins with before the first pieces. Until its record is read, they wait. */
  #behindBeginning(events: readonly Event[]): readonly Event[] {
    if (this.#hasBegun) return events
    const first = [...this.#held, ...events]
    const isEndOnly = first.length === 1 && this.#stored?.isDone === true && this.#held.length === 0
    if (first.length === 0 || isEndOnly) return first
    const beginning = this.#begun && this.#reading.view.beginning?.(this.#begun)
    this.#held = beginning === undefined ? first : []
    if (beginning === undefined) {
      this.#lookUp((job) => {
        this.#begun = job
        if (!job) this.close()
      })
      return []
    }
    this.#hasBegun = true
    return [beginning, ...first]
  }

  #finish(job: FinalJob & StoredJob): void {
    const { view, speed } = this.#reading
    const { cursor } = this.#tokens
    const { onReady } = this.#callbacks
    const record = this.#deps.records.hold(job)
    this.#begun = record
    this.#stored =
      speed === undefined
        ? new StoredReplay(record, view, cursor)
        : new TimedReplay(record, view, cursor, speed, onReady)
  }

  /** Reads the record, which always says how a job ended. */
  #lookUp(use: (job: StoredJob | undefined) => void): void {
    if (this.#isLookingUp) return
    this.#isLookingUp = true
    this.#record()
      .then((job) => this.#useRecord(job, use))
      .catch((error: unknown) => {
        if (this.#isDone) return
        this.close()
        this.#callbacks.onError(error)
      })
  }

  /** Waits for a store that is away: the log may go on meanwhile, and a client that reconnected would be refused. */
  #record(): Promise<StoredJob | undefined> {
    const { jobs, records } = this.#deps
    const shared = records.find(this.#jobId)
    if (shared) return Promise.resolve(shared)
    return jobs.find(this.#jobId).catch((error: unknown) => {
      if (!(error instanceof StorageUnavailableError) || this.#isDone) throw error
      this.#storeWait = new AbortController()
      const { signal } = this.#storeWait
      return untilAvailable(() => jobs.find(this.#jobId), { signal, onFailure: () => {} })
    })
  }

  /** Looks the record up because the log may have missed the end. A lookup that fails is repeated when the log is idle again. */
  #lookUpWhenIdle(): void {
    if (this.#isLookingUp || this.#stored) return
    this.#isLookingUp = true
    this.#deps.lookups.find(this.#jobId).then(
      (job) =>
        this.#useRecord(job, () => {
          if (!job) this.close()
          else if (isFinal(job)) this.#finish(job)
        }),
      () => {
        this.#isLookingUp = false
      },
    )
  }

  #useRecord(job: StoredJob | undefined, use: (job: StoredJob | undefined) => void): void {
    this.#isLookingUp = false
    if (this.#isDone) return
    use(job)
    this.#callbacks.onReady()
    if (job && this.#hasNothing) this.#tellWait(job)
  }

  #tellWait(job: StoredJob): void {
    const until = job.status === 'pending' ? job.waitingFor?.until : undefined
    if (until === undefined || until === this.#waitsUntil || Date.parse(until) <= Date.now()) return
    this.#waitsUntil = until
    this.#callbacks.onWaiting?.({ provider: job.provider, until })
  }
}
