import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ApiError } from '../../base/api-error.ts'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { Reading } from '../../jobs/read/job-event-reader.ts'
import { asApiError, headersSoFar, writeProblem } from '../problems/problem-plugin.ts'
import { type StreamFormat, StreamFormats, type StreamType } from './stream-format.ts'
import { StreamResponse, type StreamTiming } from './stream-response.ts'
import { type StreamLimits, StreamSlots } from './stream-slots.ts'

type Streamed = Pick<StoredJob, 'id' | 'owner'>

/** All open streams of this process. */
export class OpenStreams {
  readonly #service: JobService
  readonly #timing: StreamTiming
  readonly #slots: StreamSlots
  readonly #formats = new StreamFormats()
  readonly #open = new Set<StreamResponse>()

  constructor(service: JobService, timing: StreamTiming, limits: StreamLimits) {
    this.#service = service
    this.#timing = timing
    this.#slots = new StreamSlots(limits)
  }

  get count(): number {
    return this.#open.size
  }

  /** Ends all streams without their final events, so that clients resume at another server. */
  stopAll(): void {
    for (const stream of this.#open) stream.stop()
  }

  /**
   * Answers with the events of a job. They are written to the socket and not through Fastify, because this path decides what a
   * token costs. A stream counts for the owner of the job, whoever reads it.
   * @throws ApiError `too-many-streams`
   */
  send(reply: FastifyReply, { id: jobId, owner }: Streamed, reading: Reading, type: StreamType): void {
    const release = this.#slots.take(owner ?? reply.request.ip, jobId)
    const format = this.#formats.of(type)
    reply.hijack()
    const { raw } = reply
    const head = {
      write: () => void raw.writeHead(200, headersOf(reply, format)),
      refuse: (error: ApiError) => writeProblem(error, reply),
    }
    const stream = new StreamResponse(raw, head, format, this.#timing, (onReady) =>
      this.#service.readEvents(jobId, reading, {
        onReady,
        onError: (error) => {
          reply.log.error({ err: error, jobId }, 'a stream could not read its job')
          stream.fail(asApiError(error))
        },
      }),
    )
    this.#open.add(stream)
    raw.once('close', () => {
      this.#open.delete(stream)
      release()
    })
  }
}

function headersOf(reply: FastifyReply, { contentType }: StreamFormat): OutgoingHttpHeaders {
  return {
    ...headersSoFar(reply),
    'content-type': contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  }
}
