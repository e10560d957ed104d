import type { ApiError } from '../base/api-error.ts'
import { EncodedText } from '../http/streams/encoded-text.ts'
import type { StreamFormat } from '../http/streams/stream-format.ts'
import type { StoredFinalJob } from '../jobs/job.ts'
import type { PieceOrEnd } from '../jobs/views/pieces-view.ts'
import type { DoorEncoder } from './door-encoder.ts'
import { JobEndedError } from './door-error.ts'

/**
 * How long a foreground request waits for the first piece or the failure of its job, in milliseconds. A failure within that
 * time is the status of the answer; after it the answer begins, and goes on with keep-alives.
 */
const HEAD_WAIT_MS = 10_000

/** The stream of a door. Its clients cannot resume a response, so one that has no end is broken, never closed. */
export class DoorStreamFormat implements StreamFormat<PieceOrEnd> {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly atStop = 'drain'
  readonly opening: string
  readonly keepAlive: EncodedText
  readonly headWaitMs: number | undefined
  readonly #encoder: DoorEncoder

  /** @param mayRefuse whether a job that fails at once is answered with the status of its failure, not with a stream */
  constructor(encoder: DoorEncoder, mayRefuse: boolean) {
    this.#encoder = encoder
    this.opening = encoder.opening()
    this.keepAlive = new EncodedText(encoder.keepAlive)
    this.headWaitMs = mayRefuse ? HEAD_WAIT_MS : undefined
  }

  encode(events: readonly PieceOrEnd[]): EncodedText {
    let text = ''
    for (const event of events) {
      if (!('kind' in event)) text += this.#encoder.end(event)
      else if (event.kind === 'begun') this.#encoder.answeredBy(event.by)
      else text += this.#encoder.piece(event)
    }
    return new EncodedText(text)
  }

  mayEndBehind(last: PieceOrEnd | undefined): boolean {
    return isEnd(last)
  }

  refusalOf(event: PieceOrEnd): ApiError | undefined {
    return isEnd(event) ? JobEndedError.of(event) : undefined
  }
}

/** An answer of JSON that comes when its job has ended. White space before it shows that the connection still works. */
export class DoorJsonFormat implements StreamFormat<PieceOrEnd> {
  readonly contentType = 'application/json; charset=utf-8'
  readonly atStop = 'drain'
  readonly opening = ''
  readonly keepAlive = new EncodedText(' ')
  readonly headWaitMs = HEAD_WAIT_MS
  readonly refusalOf = (event: PieceOrEnd) => (isEnd(event) ? JobEndedError.of(event) : undefined)
  readonly #answer: (job: StoredFinalJob) => object
  readonly #errorBody: (error: ApiError) => string

  /** @param errorBody JSON for a job that failed after the answer had begun */
  constructor(answer: (job: StoredFinalJob) => object, errorBody: (error: ApiError) => string) {
    this.#answer = answer
    this.#errorBody = errorBody
  }

  encode(events: readonly PieceOrEnd[]): EncodedText {
    const last = events.at(-1)
    if (!isEnd(last)) return new EncodedText('')
    const error = JobEndedError.of(last)
    return new EncodedText(error ? this.#errorBody(error) : JSON.stringify(this.#answer(last)))
  }

  mayEndBehind(last: PieceOrEnd | undefined): boolean {
    return isEnd(last)
  }
}

function isEnd(event: PieceOrEnd | undefined): event is StoredFinalJob {
  return event !== undefined && !('kind' in event)
}
