import { type FinalJob, isFinal, type Job, type StreamEvent } from '@promptlab/contract'
import { finalEvent } from '../final-event.ts'
import { type JobRepository, StorageUnavailableError } from '../ports/job-repository.ts'
import type { TokenLog, TokenReader } from '../ports/token-log.ts'
import { untilAvailable } from '../until-available.ts'
import type { SharedLookups } from './shared-lookups.ts'

/**
 * The longest token that is made of stored text, in UTF-16 code units. Longer text comes in several tokens, so that a slow
 * reader that is cut off has made progress.
 */
const MAX_STORED_TOKEN_LENGTH = 65_536

interface JobEventReaderDeps {
  readonly jobs: Pick<JobRepository, 'find'>
  readonly tokenLog: TokenLog
  /** For lookups that the log asks for. */
  readonly lookups: SharedLookups
}

/**
 * Reads the events of one job behind a cursor: the text so far, the live tokens, and the final event. Its user asks for the
 * events that are ready. The reader buffers none of them, so a slow user costs no more memory than a fast one.
 */
export class JobEventReader {
  readonly #deps: JobEventReaderDeps
  readonly #jobId: string
  readonly #onReady: () => void
  readonly #onError: (error: unknown) => void
  readonly #tokens: TokenReader
  #cursor: number
  /** The events behind the tokens of the log, once a lookup has found the record final. */
  #tail: StreamEvent[] | undefined
  #isLookingUp = false
  /** Ends the wait for a store that is away. */
  #storeWait: AbortController | undefined
  #isDone = false

  /**
   * Attaches to the log before it reads the record, so that a job which ends in between is seen as ended by one of the two.
   * @param after the place behind which events are read, in UTF-16 code units of the text
   * @param onReady called when `read` has events, or when no more events will come
   * @param onError called when the record cannot be read, except that a store that is away is waited for; no more events come
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
    this.#tokens = deps.tokenLog.attach(jobId, after, { onReady, onIdle: () => this.#lookUpWhenIdle() })
    this.#lookUp((job) => {
      if (!job) this.close()
      // The log may still have the tokens of a job that has just ended, in the pieces in which they were streamed.
      else if (isFinal(job) && !this.#tokens.hasEnded) this.#finish(job)
    })
  }

  /**
   * Whether no more events will come. Without a final event the log has ended but the job has not, as happens when the
   * server stops; the client may resume.
   */
  get isDone(): boolean {
    return this.#isDone
  }

  /** All events that are ready, in order. */
  read(): readonly StreamEvent[] {
    if (this.#isDone) return []
    if (this.#tail) {
      // A long text comes in several reads, as the reader has room. A short rest and the final event come in one.
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
    this.#lookUp((job) => (job && isFinal(job) ? this.#finish(job) : this.close()))
    return tokens
  }

  /** Detaches from the log. Harmless when repeated. */
  close(): void {
    this.#isDone = true
    this.#storeWait?.abort()
    this.#tokens.detach()
  }

  #finish(job: FinalJob): void {
    this.#tail = tailOf(job, this.#cursor)
  }

  /** Reads the record, which always says how a job ended. */
  #lookUp(use: (job: Job | undefined) => void): void {
    if (this.#isLookingUp) return
    this.#isLookingUp = true
    this.#record()
      .then((job) => this.#useRecord(job, use))
      .catch((error: unknown) => {
        if (this.#isDone) return
        this.close()
        this.#onError(error)
      })
  }

  /** Waits for a store that is away: the log may go on meanwhile, and a client that reconnected would be refused. */
  #record(): Promise<Job | undefined> {
    const { jobs } = this.#deps
    return jobs.find(this.#jobId).catch((error: unknown) => {
      if (!(error instanceof StorageUnavailableError) || this.#isDone) throw error
      this.#storeWait = new AbortController()
      const { signal } = this.#storeWait
      return untilAvailable(() => jobs.find(this.#jobId), { signal, onFailure: () => {} })
    })
  }

  /** Looks the record up because the log may have missed the end. A lookup that fails is repeated when the log is idle again. */
  #lookUpWhenIdle(): void {
    if (this.#isLookingUp || this.#tail) return
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

  #useRecord(job: Job | undefined, use: (job: Job | undefined) => void): void {
    this.#isLookingUp = false
    if (this.#isDone) return
    use(job)
    this.#onReady()
  }
}

/** The end of a stream, made from the record, which does not know where the streamed tokens began and ended. */
function tailOf(job: FinalJob, cursor: number): StreamEvent[] {
  const { result } = job
  const events: StreamEvent[] = []
  for (let start = cursor; start < result.length; start += MAX_STORED_TOKEN_LENGTH) {
    const token = result.slice(start, start + MAX_STORED_TOKEN_LENGTH)
    events.push({ event: 'token', id: start + token.length, data: { token } })
  }
  return [...events, finalEvent(job)]
}
