import type { OutgoingHttpHeaders } from 'node:http'
import type { AnyStreamEvent } from '@promptlab/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiError } from '../../base/api-error.ts'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { Reading } from '../../jobs/read/job-event-reader.ts'
import type { WaitingClients } from '../../jobs/repeats/waiting-clients.ts'
import { asApiError, headersSoFar, writeProblem } from '../problems/problem-plugin.ts'
import { type StreamFormat, StreamFormats, type StreamType } from './stream-format.ts'
import { StreamResponse, type StreamTiming } from './stream-response.ts'
import { type StreamLimits, StreamSlots } from './stream-slots.ts'

type Streamed = Pick<StoredJob, 'id' | 'owner' | 'watchedUntil'>

interface OpenStreamsOptions {
  readonly service: JobService
  readonly clients: WaitingClients
  readonly timing: StreamTiming
  readonly limits: StreamLimits
}

/** All open streams of this process. */
export class OpenStreams {
  readonly #service: JobService
  readonly #clients: WaitingClients
  readonly #timing: StreamTiming
  readonly #slots: StreamSlots
  readonly #formats = new StreamFormats()
  readonly #open = new Set<Pick<StreamResponse<unknown>, 'atStop' | 'isWaiting' | 'stop'>>()
  /** Resolves when no stream is open that outlives the stop of the server. */
  #drained: PromiseWithResolvers<void> | undefined

  constructor({ service, clients, timing, limits }: OpenStreamsOptions) {
    this.#service = service
    this.#clients = clients
    this.#timing = timing
    this.#slots = new StreamSlots(limits)
  }

  get count(): number {
    return this.#open.size
  }

  /** Ends the streams of clients that resume at another server, without their final events. */
  stopNative(): void {
    for (const stream of this.#open) if (stream.atStop !== 'drain') stream.stop()
  }

  /** Resolves when all other streams have ended by themselves. */
  async drained(): Promise<void> {
    this.#drained = Promise.withResolvers()
    this.#noteDrained()
    await this.#drained.promise
  }

  /** Breaks the streams whose jobs have not ended. Others may still have much to write. */
  stopWaiting(): void {
    for (const stream of this.#open) if (stream.isWaiting) stream.stop()
  }

  /** Breaks all streams that are left. */
  stopAll(): void {
    for (const stream of this.#open) stream.stop()
  }

  #noteDrained(): void {
    if ([...this.#open].every(({ atStop }) => atStop !== 'drain')) this.#drained?.resolve()
  }

  /**
   * Checks that a stream of a new job can be opened for a request. Asked before the job is made: a job whose stream is refused
   * would run, and cost, for nobody.
   * @throws ApiError `too-many-streams`
   */
  check({ caller, ip }: Pick<FastifyRequest, 'caller' | 'ip'>): void {
    this.#slots.check(caller ?? ip)
  }

  /**
   * Answers with the events of a job in one of our own formats.
   * @throws ApiError `too-many-streams`
   */
  send(reply: FastifyReply, job: Streamed, reading: Reading<AnyStreamEvent>, type: StreamType): void {
    this.sendAs(this.#formats.of(type), reply, job, reading, writeProblem)
  }

  /**
   * Answers with the events of a job. They are written to the socket and not through Fastify, because this path decides what a
   * token costs. A stream counts for the owner of the job, whoever reads it.
   * @param refuse answers with an error, if nothing was sent
   * @throws ApiError `too-many-streams`
   */
  sendAs<Event>(
    format: StreamFormat<Event>,
    reply: FastifyReply,
    job: Streamed,
    reading: Reading<Event>,
    refuse: (error: ApiError, reply: FastifyReply) => void,
  ): void {
    const { raw } = reply
    // The client may have left while its job was made. Nothing would tell that a second time.
    if (raw.closed) return void reply.hijack()
    const { id: jobId, owner } = job
    const release = this.#slots.take(owner ?? reply.request.ip, jobId)
    const unwatch = this.#clients.watch(job)
    reply.hijack()
    const head = {
      write: () => void raw.writeHead(200, headersOf(reply, format)),
      refuse: (error: ApiError) => refuse(error, reply),
      report: (error: unknown) => reply.log.error({ err: error, jobId }, 'could not write a stream'),
    }
    const stream = new StreamResponse(raw, head, format, this.#timing, (onReady) =>
      this.#service.readEvents(jobId, reading, {
        onReady,
        ...(format.encodeWait && { onWaiting: (wait) => stream.tellWait(wait) }),
        onError: (error) => {
          reply.log.error({ err: error, jobId }, 'a stream could not read its job')
          stream.fail(asApiError(error))
        },
      }),
    )
    this.#open.add(stream)
    raw.once('close', () => {
      this.#open.delete(stream)
      this.#noteDrained()
      unwatch()
      release()
    })
  }
}

function headersOf(reply: FastifyReply, { contentType }: Pick<StreamFormat, 'contentType'>): OutgoingHttpHeaders {
  return {
    ...headersSoFar(reply),
    'content-type': contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  }
}
