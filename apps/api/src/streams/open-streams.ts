import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { JobService } from '../jobs/job-service.ts'
import { type StreamType, streamFormat } from './stream-format.ts'
import { StreamResponse, type StreamTiming } from './stream-response.ts'

/** Every stream that is being written, so that all can be ended. */
export class OpenStreams {
  readonly #service: JobService
  readonly #timing: StreamTiming
  readonly #open = new Set<StreamResponse>()

  constructor(service: JobService, timing: StreamTiming) {
    this.#service = service
    this.#timing = timing
  }

  get count(): number {
    return this.#open.size
  }

  /** Ends all of them before their final events. */
  stopAll(): void {
    for (const stream of this.#open) stream.stop()
  }

  /**
   * Answers with the events of a job, written to the socket without the framework in between: what a token costs is decided
   * here.
   */
  send(reply: FastifyReply, jobId: string, after: number, type: StreamType): void {
    const format = streamFormat(type)
    reply.hijack()
    const { raw } = reply
    setHeaders(raw, { ...reply.getHeaders(), 'content-type': format.contentType })
    const stream = new StreamResponse(raw, format, this.#timing, (onReady) =>
      this.#service.readEvents(jobId, after, onReady, (error) => {
        reply.log.error({ err: error, jobId }, 'a stream could not read its job')
        raw.destroy()
      }),
    )
    this.#open.add(stream)
    raw.once('close', () => this.#open.delete(stream))
  }
}

function setHeaders(raw: ServerResponse, headers: ReturnType<FastifyReply['getHeaders']>): void {
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value)
  raw.setHeader('cache-control', 'no-cache, no-transform')
  raw.setHeader('x-accel-buffering', 'no')
}
