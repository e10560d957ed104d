import type { OutgoingHttpHeaders } from 'node:http'
import type { AnyStreamEvent } from '@promptlab/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiError } from '../../base/api-error.ts'
import type { FeedEvent } from '../../jobs/feed/feed-event.ts'
import type { FeedReader, FeedReaderCallbacks } from '../../jobs/feed/feed-reader.ts'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { Reading } from '../../jobs/read/job-event-reader.ts'
import type { WaitingClients } from '../../jobs/repeats/waiting-clients.ts'
import { asApiError, headersSoFar, writeProblem } from '../problems/problem-plugin.ts'
import { type StreamFormat, StreamFormats, type StreamType } from './stream-format.ts'
import { type EventSource, StreamResponse, type StreamTiming } from './stream-response.ts'
import { type StreamLimits, StreamSlots } from './stream-slots.ts'

type Streamed = Pick<StoredJob, 'id' | 'owner' | 'watchedUntil'>

interface OpenStreamsOptions {
  readonly service: JobService
  readonly clients: WaitingClients
  readonly timing: StreamTiming
  readonly limits: StreamLimits
}

/** How a request is answered with a stream. */
interface Responding<Event> {
  readonly format: StreamFormat<Event>
  /** Answers with an error, if nothing was sent. */
  readonly refuse: (error: ApiError, reply: FastifyReply) => void
  /** Added to lines in the log. */
  readonly fields: object
  /**
   * Takes a slot.
   * @returns releases it
   * @throws ApiError `too-many-streams`
   */
  readonly slot: () => () => void
}

/** All open streams of this process. */
export class OpenStreams {
  readonly #service: JobService
  readonly #clients: WaitingClients
  readonly #timing: StreamTiming
  readonly #slots: StreamSlots
  readonly #formats = new StreamFormats()
  readonly #open = new Set<Pick<StreamResponse<unknown>, 'atStop' | 'isWaiting' | 'stop'>>()
  /** How many of them outlive the stop of the server. */
  #draining = 0
  /** Resolves when there are none of these. */
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
    if (this.#draining === 0) this.#drained?.resolve()
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
    const { id: jobId, owner } = job
    const slot = () => {
      const release = this.#slots.take(owner ?? reply.request.ip, jobId)
      const unwatch = this.#clients.watch(job)
      return () => {
        unwatch()
        release()
      }
    }
    this.#respond(reply, { format, refuse, fields: { jobId }, slot }, (onReady, stream) =>
      this.#service.readEvents(jobId, reading, {
        onReady,
        ...(format.encodeWait && { onWaiting: (wait) => stream().tellWait(wait) }),
        onError: (error) => {
          reply.log.error({ err: error, jobId }, 'a stream could not read its job')
          stream().fail(asApiError(error))
        },
      }),
    )
  }

  /**
   * Answers with the feed of a caller's jobs.
   * @param open makes the reader
   * @throws ApiError `too-many-streams`
   */
  sendFeed(
    reply: FastifyReply,
    format: StreamFormat<FeedEvent>,
    open: (callbacks: FeedReaderCallbacks) => FeedReader,
  ): void {
    const { caller, ip } = reply.request
    const slot = () => this.#slots.take(caller ?? ip)
    this.#respond(reply, { format, refuse: writeProblem, fields: {}, slot }, (onReady, stream) =>
      open({
        onReady,
        onError: (error) => {
          reply.log.error({ err: error }, 'a feed could not read the changes of jobs')
          stream().fail(asApiError(error))
        },
      }),
    )
  }

  #respond<Event>(
    reply: FastifyReply,
    { format, refuse, fields, slot }: Responding<Event>,
    open: (onReady: () => void, stream: () => StreamResponse<Event>) => EventSource<Event>,
  ): void {
    const { raw } = reply
    // The client may have left while its job was made. Nothing would tell that a second time.
    if (raw.closed) return void reply.hijack()
    const release = slot()
    reply.hijack()
    const head = {
      write: () => void raw.writeHead(200, headersOf(reply, format)),
      refuse: (error: ApiError) => refuse(error, reply),
      report: (error: unknown) => reply.log.error({ err: error, ...fields }, 'could not write a stream'),
    }
    const stream: StreamResponse<Event> = new StreamResponse(raw, head, format, this.#timing, (onReady) =>
      open(onReady, () => stream),
    )
    const drains = stream.atStop === 'drain' ? 1 : 0
    this.#open.add(stream)
    this.#draining += drains
    raw.once('close', () => {
      this.#open.delete(stream)
      this.#draining -= drains
      this.#noteDrained()
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
