import { JobCancelledError, JobFailedError } from './errors.ts'
import type { Job, JobMetrics } from './job.ts'
import type { FinalEvent, StreamEvent } from './stream-event.ts'

/** What a completed job made. */
export interface JobResult {
  readonly jobId: string
  readonly text: string
  readonly metrics: JobMetrics
}

/**
 * The tokens of one job, each of them once, in order: `for await (const token of stream)`. It ends when the job has completed, and
 * throws when it did not, so a part never looks like the whole. Leaving the loop closes the connection; the job runs on.
 */
export class JobStream implements AsyncIterable<string> {
  readonly #open: (jobId: string) => AsyncGenerator<StreamEvent>
  readonly #create: (() => Promise<Job>) | undefined
  #jobId: string | undefined
  #text = ''
  #metrics: JobMetrics | undefined
  #tokens: AsyncGenerator<string, void> | undefined

  /**
   * @param job the id of the job, or what creates it when the first token is asked for
   * @param open the events of that job
   */
  constructor(job: string | (() => Promise<Job>), open: (jobId: string) => AsyncGenerator<StreamEvent>) {
    if (typeof job === 'string') this.#jobId = job
    else this.#create = job
    this.#open = open
  }

  /** The id of the job; undefined as long as it is not created. */
  get jobId(): string | undefined {
    return this.#jobId
  }

  /** What has been streamed so far. */
  get text(): string {
    return this.#text
  }

  /** How the job went; undefined until it has ended. */
  get metrics(): JobMetrics | undefined {
    return this.#metrics
  }

  /**
   * There is one reading of it: whoever iterates again goes on where the iteration before was.
   * @throws JobFailedError, JobCancelledError the job did not complete
   * @throws ApiError the server refused
   * @throws ConnectionError the server could not be reached for too long
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void> {
    this.#tokens ??= this.#read()
    return this.#tokens
  }

  /** Reads to the end; throws as the iteration does. */
  async result(): Promise<JobResult> {
    for await (const _ of this);
    if (this.#jobId === undefined || !this.#metrics) throw new TypeError('This stream was left before its end.')
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
