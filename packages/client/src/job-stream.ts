import { JobCancelledError, JobFailedError } from './errors.ts'
import type { Job, JobMetrics } from './job.ts'
import type { FinalEvent, StreamEvent } from './stream-event.ts'

/** The outcome of a completed job. */
export interface JobResult {
  readonly jobId: string
  readonly text: string
  readonly metrics: JobMetrics
}

/**
 * The tokens of one job, each once and in order: `for await (const token of stream)`. The loop ends when the job has completed, and
 * throws when the job failed or was cancelled, so a partial text never looks complete. Leaving the loop closes the connection; the
 * job runs on.
 */
export class JobStream implements AsyncIterable<string> {
  readonly #open: (jobId: string) => AsyncGenerator<StreamEvent>
  readonly #create: (() => Promise<Job>) | undefined
  #jobId: string | undefined
  #text = ''
  #metrics: JobMetrics | undefined
  #tokens: AsyncGenerator<string, void> | undefined

  /**
   * @param job the id of the job, or a function that creates the job when the first token is requested
   * @param open opens the events of the job
   */
  constructor(job: string | (() => Promise<Job>), open: (jobId: string) => AsyncGenerator<StreamEvent>) {
    if (typeof job === 'string') this.#jobId = job
    else this.#create = job
    this.#open = open
  }

  /** The id of the job; undefined until the job is created. */
  get jobId(): string | undefined {
    return this.#jobId
  }

  /** The text that has been streamed so far. */
  get text(): string {
    return this.#text
  }

  /** The metrics of the job; undefined until the job has ended. */
  get metrics(): JobMetrics | undefined {
    return this.#metrics
  }

  /**
   * The stream is read once: a second loop goes on where the first one stopped.
   * @throws JobFailedError the job failed
   * @throws JobCancelledError the job was cancelled
   * @throws ApiError the server refused the request
   * @throws ConnectionError the server could not be reached, and every retry failed
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void> {
    this.#tokens ??= this.#read()
    return this.#tokens
  }

  /** Reads the stream to its end. Throws the same errors as the loop. */
  async result(): Promise<JobResult> {
    for await (const _ of this);
    if (this.#jobId === undefined || !this.#metrics)
      throw new TypeError('The stream was left before its end, so it has no result. Open a new one with stream(id).')
    return { jobId: this.#jobId, text: this.#text, metrics: this.#metrics }
  }

  async *#read(): AsyncGenerator<string, void> {
    const jobId = this.#jobId ?? (await this.#createJob())
    for await (const event of this.#open(jobId)) {
      if (event.event !== 'token') return this.#end(jobId, event)
      this.#text += event.data.token
      yield event.data.token
    }
  }

  async #createJob(): Promise<string> {
    if (!this.#create) throw new TypeError('This stream has no job.')
    const { id } = await this.#create()
    this.#jobId = id
    return id
  }

  #end(jobId: string, event: FinalEvent): void {
    const metrics = event.event === 'error' ? event.data.metrics : event.data
    this.#metrics = metrics
    const made = { jobId, text: this.#text, metrics }
    if (event.event === 'error') throw new JobFailedError(event.data, made)
    if (event.event === 'cancelled') throw new JobCancelledError('The job was cancelled.', made)
  }
}
