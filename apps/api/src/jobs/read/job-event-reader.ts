import { type FinalJob, isFinal, type Job, type StreamEvent } from '@promptlab/contract'
import { finalEvent } from '../final-event.ts'
import { type JobRepository, StorageUnavailableError } from '../ports/job-repository.ts'
import type { TokenLog, TokenReader } from '../ports/token-log.ts'
import { untilAvailable } from '../until-available.ts'
import type { SharedLookups } from './shared-lookups.ts'

/**
 * Stored text comes as one token up to this length, in UTF-16 code units. Longer text comes in several, so that a slow reader
 * that is cut off has got somewhere.
 */
const MAX_STORED_TOKEN_LENGTH = 65_536

interface JobEventReaderDeps {
  readonly jobs: Pick<JobRepository, 'find'>
  readonly tokenLog: TokenLog
  /** For looks that are made in doubt. */
  readonly looks: SharedLookups
}

/**
 * Reads the events of one job behind a cursor: the text so far, what comes live, and the final event. It is asked for what
 * is ready, and never holds more, so however slow its user is, it costs a cursor.
 */
export class JobEventReader {
  readonly #deps: JobEventReaderDeps
  readonly #jobId: string
  readonly #onReady: () => void
  readonly #onError: (error: unknown) => void
  readonly #tokens: TokenReader
  #cursor: number
  /** What comes after the tokens of the log, once the record was found to be final. */
  #tail: StreamEvent[] | undefined
  #isLooking = false
  /** Stops looking again for a store that cannot be used. */
  #patience: AbortController | undefined
  #isDone = false

  /**
   * Attaches to the log at once, before the record is read: a job that ends in between is then seen as ended by one or the
   * other.
   * @param after how much of the text the reader has, in UTF-16 code units
   * @param onReady called when `read` has something to give, or nothing more will come
   * @param onError called when the record cannot be read for another reason than that its store is away; nothing more will come
   */
  constructor(
    deps: JobEventReaderDeps,
    jobId: string,
    after: number,
    onReady: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#deps = deps
    this.#jobId = jobId
    this.#cursor = after
    this.#onReady = onReady
    this.#onError = onError
    this.#tokens = deps.tokenLog.attach(jobId, after, { onReady, onDoubt: () => this.#doubt() })
    this.#look((job) => {
      if (!job) this.close()
      // The log may still have the tokens of a job that has just ended, as they were streamed.
      else if (isFinal(job) && !this.#tokens.hasEnded) this.#finish(job)
    })
  }

  /**
   * Whether everything has been read, or never will be: without a final event the log has ended and the job has not, as
   * happens when the server stops. The reader may come again.
   */
  get isDone(): boolean {
    return this.#isDone
  }

  /** All events that are ready, in order. */
  read(): readonly StreamEvent[] {
    if (this.#isDone) return []
    if (this.#tail) {
      // Long texts come in pieces, as the reader has room for them; else the rest and the final event come together.
      const events = this.#tail.splice(0, 2)
      if (this.#tail.length === 0) this.close()
      return events
    }
    const tokens = this.#tokens.read()
    this.#cursor = tokens.at(-1)?.id ?? this.#cursor
    if (!this.#tokens.hasEnded) return tokens
    const { final } = this.#tokens
    if (final) {
      this.close()
      return [...tokens, final]
    }
    this.#look((job) => (job && isFinal(job) ? this.#finish(job) : this.close()))
    return tokens
  }

  /** Reads nothing more. Harmless when repeated. */
  close(): void {
    this.#isDone = true
    this.#patience?.abort()
    this.#tokens.detach()
  }

  #finish(job: FinalJob): void {
    this.#tail = tailOf(job, this.#cursor)
  }

  /** Looks at the record, which always knows how a job ended. */
  #look(use: (job: Job | undefined) => void): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#record()
      .then((job) => this.#seen(job, use))
      .catch((error: unknown) => {
        if (this.#isDone) return
        this.close()
        this.#onError(error)
      })
  }

  /** Waits for a store that cannot be used: the log may go on meanwhile, and who came again would be refused. */
  #record(): Promise<Job | undefined> {
    const { jobs } = this.#deps
    return jobs.find(this.#jobId).catch((error: unknown) => {
      if (!(error instanceof StorageUnavailableError) || this.#isDone) throw error
      this.#patience = new AbortController()
      const { signal } = this.#patience
      return untilAvailable(() => jobs.find(this.#jobId), { signal, onFailure: () => {} })
    })
  }

  /** The log may never tell how the job ended. A look that fails is made again with the next doubt. */
  #doubt(): void {
    if (this.#isLooking || this.#tail) return
    this.#isLooking = true
    this.#deps.looks.find(this.#jobId).then(
      (job) =>
        this.#seen(job, () => {
          if (!job) this.close()
          else if (isFinal(job)) this.#finish(job)
        }),
      () => {
        this.#isLooking = false
      },
    )
  }

  #seen(job: Job | undefined, use: (job: Job | undefined) => void): void {
    this.#isLooking = false
    if (this.#isDone) return
    use(job)
    this.#onReady()
  }
}

/** The end of a stream as the record tells it. Where its tokens began and ended is no longer known. */
function tailOf(job: FinalJob, cursor: number): StreamEvent[] {
  const { result } = job
  const events: StreamEvent[] = []
  for (let start = cursor; start < result.length; start += MAX_STORED_TOKEN_LENGTH) {
    const token = result.slice(start, start + MAX_STORED_TOKEN_LENGTH)
    events.push({ event: 'token', id: start + token.length, data: { token } })
  }
  return [...events, finalEvent(job)]
}
