import type { OutputPart, Piece } from './answer.ts'
import { JobCancelledError, JobFailedError } from './errors.ts'
import type { Job, JobMetrics } from './job.ts'
import type { readJobEvents } from './job-events.ts'
import type { FinalEvent, StreamCursor, StreamView } from './stream-event.ts'

/** The outcome of a completed job. */
export interface JobResult {
  readonly jobId: string
  readonly text: string
  /** Everything that the model said, as the job has it. Absent if that is one text and nothing else. */
  readonly output?: readonly OutputPart[]
  readonly metrics: JobMetrics
}

/** What a stream needs of its client. */
interface StreamSource {
  /** Creates the job; undefined if there is one. */
  readonly create?: () => Promise<Job>
  readonly open: (jobId: string, view: StreamView) => ReturnType<typeof readJobEvents>
  readonly get: (jobId: string) => Promise<Job>
}

/**
 * The answer of one job, each piece once and in order: its text with `for await (const token of stream)`, or everything that the
 * model says with `for await (const piece of stream.parts())`. Both loops end when the job has completed, and throw when the job
 * failed or was cancelled, so a partial answer never looks complete. Leaving a loop closes the connection; the job runs on.
 */
export class JobStream implements AsyncIterable<string> {
  readonly #source: StreamSource
  #jobId: string | undefined
  #text = ''
  #cursor: StreamCursor | undefined
  #metrics: JobMetrics | undefined
  #tokens: AsyncGenerator<string, void> | undefined
  #pieces: AsyncGenerator<Piece, void> | undefined

  /** @param jobId undefined if the source creates the job, which happens when the first piece is requested */
  constructor(jobId: string | undefined, source: StreamSource) {
    this.#jobId = jobId
    this.#source = source
  }

  /** The id of the job; undefined until the job is created. */
  get jobId(): string | undefined {
    return this.#jobId
  }

  /** The text that has been streamed so far. */
  get text(): string {
    return this.#text
  }

  /** The cursor behind the last piece that was read, for `after` of another stream that is read in the same way; undefined before. */
  get cursor(): StreamCursor | undefined {
    return this.#cursor
  }

  /** The metrics of the job; undefined until the job has ended. */
  get metrics(): JobMetrics | undefined {
    return this.#metrics
  }

  /**
   * The text of the answer. The stream is read once: a second loop goes on where the first one stopped.
   * @throws JobFailedError the job failed
   * @throws JobCancelledError the job was cancelled
   * @throws ApiError the server refused the request
   * @throws ConnectionError the server could not be reached, and every retry failed
   * @throws TypeError the stream is already read by `parts`
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void> {
    if (this.#pieces) throw readAlready()
    this.#tokens ??= this.#read('text', (piece) => ('text' in piece ? piece.text : ''))
    return this.#tokens
  }

  /**
   * Everything that the model says: text, reasoning, refusals and tool calls. The stream is read once, as its text or by this.
   * @throws the same errors as the loop over the text
   */
  parts(): AsyncGenerator<Piece, void> {
    if (this.#tokens) throw readAlready()
    this.#pieces ??= this.#read('full', (piece) => piece)
    return this.#pieces
  }

  /** Reads the stream to its end, as it is already read or as text. Throws the same errors as the loop. */
  async result(): Promise<JobResult> {
    for await (const _ of this.#pieces ?? this);
    if (this.#jobId === undefined || !this.#metrics)
      throw new TypeError('The stream was left before its end, so it has no result. Open a new one with stream(id).')
    const made = { jobId: this.#jobId, text: this.#text, metrics: this.#metrics }
    // Only then is the answer more than its text.
    if (made.metrics.firstPieceMs === undefined) return made
    const job = await this.#source.get(made.jobId)
    return 'output' in job && job.output ? { ...made, output: job.output } : made
  }

  async *#read<Item>(view: StreamView, itemOf: (piece: Piece) => Item): AsyncGenerator<Item, void> {
    const jobId = this.#jobId ?? (await this.#createJob())
    for await (const event of this.#source.open(jobId, view)) {
      if (!('piece' in event)) return this.#end(jobId, event)
      const { piece, cursor } = event
      this.#cursor = cursor
      if (piece.type === 'text') this.#text += piece.text
      yield itemOf(piece)
    }
  }

  async #createJob(): Promise<string> {
    if (!this.#source.create) throw new TypeError('This stream has no job.')
    const { id } = await this.#source.create()
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

function readAlready(): TypeError {
  return new TypeError('The stream is already read as text or by parts(). Open another one with stream(id).')
}
