import { ApiError } from '../../base/api-error.ts'
import { Counts } from '../../base/counts.ts'

/** The most streams that may be open at once in this process. */
export interface StreamLimits {
  /** For all jobs of one caller, or on a server without keys for one address. */
  readonly perCaller: number
  readonly perJob: number
}

/** When a client may try again. Most streams end within a minute. */
const RETRY_AFTER_SECONDS = 10

/** Counts open streams, so that no caller can take all memory and connections of the server. */
export class StreamSlots {
  readonly #limits: StreamLimits
  readonly #byCaller = new Counts()
  readonly #byJob = new Counts()

  constructor(limits: StreamLimits) {
    this.#limits = limits
  }

  /**
   * Checks that a caller has a free slot, for requests that are to do nothing if they cannot be answered.
   * @throws ApiError `too-many-streams`
   */
  check(caller: string): void {
    const { perCaller } = this.#limits
    if (this.#byCaller.of(caller) >= perCaller) throw tooMany(`You have ${perCaller} open streams.`)
  }

  /**
   * Takes a slot for a stream.
   * @param jobId undefined: the stream is not that of one job
   * @returns releases the slot; must be called once
   * @throws ApiError `too-many-streams`
   */
  take(caller: string, jobId?: string): () => void {
    const { perJob } = this.#limits
    if (jobId !== undefined && this.#byJob.of(jobId) >= perJob) throw tooMany(`This job has ${perJob} open streams.`)
    this.check(caller)
    this.#byCaller.add(caller, 1)
    if (jobId !== undefined) this.#byJob.add(jobId, 1)
    return () => {
      this.#byCaller.add(caller, -1)
      if (jobId !== undefined) this.#byJob.add(jobId, -1)
    }
  }
}

function tooMany(what: string): ApiError {
  const message = `${what} Close one, or try again in a moment.`
  return new ApiError('too-many-streams', message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
}
