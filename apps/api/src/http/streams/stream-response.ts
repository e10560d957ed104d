import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { ApiError } from '../../base/api-error.ts'
import { IdleTimer } from '../../base/idle-timer.ts'
import type { VendorWait } from '../../jobs/read/job-event-reader.ts'
import type { EncodedText } from './encoded-text.ts'
import type { StreamFormat } from './stream-format.ts'

/** The source of the events: see `JobEventReader`. */
export interface EventSource<Event> {
  readonly isDone: boolean
  /** Whether the end of the job is not known here yet. */
  readonly isWaiting?: boolean
  read(): readonly Event[]
  /** Asks whether the job waits for its vendor. If so, `tellWait` of the response is called. */
  checkWait?(): void
  close(): void
}

/** How a response begins: as a stream, or as an error. Exactly one of the first two is called, at most once. */
export interface StreamHead {
  /** Sets the status 200 and the headers of the stream. */
  write(): void
  /** Answers with an error. */
  refuse(error: ApiError): void
  /** Called with an error of the format, which ends the response. */
  report(error: unknown): void
}

export interface StreamTiming {
  /** An idle stream sends a keep-alive after this many milliseconds, behind its head if that is still held back. */
  readonly keepAliveMs: number
  /** A reader that takes nothing for this many milliseconds is disconnected. It may resume. */
  readonly stallMs: number
}

/**
 * Writes the events of one reader to its response. It takes events only while the connection has room, so a slow reader costs
 * no memory. Events that became ready meanwhile leave in one write.
 */
export class StreamResponse<Event> {
  readonly #response: ServerResponse
  readonly #head: StreamHead
  readonly #sink: Writable
  readonly #format: StreamFormat<Event>
  readonly #events: EventSource<Event>
  readonly #timing: StreamTiming
  readonly #keepAlive: IdleTimer
  /** Ends the wait of the head for the first text. */
  #headWait: NodeJS.Timeout | undefined
  #stall: NodeJS.Timeout | undefined
  #isHeadSent = false
  #isChunked = false
  #isOver = false

  /**
   * @param response has sent nothing
   * @param open makes the source, which calls the callback when events are ready
   */
  constructor(
    response: ServerResponse,
    head: StreamHead,
    format: StreamFormat<Event>,
    timing: StreamTiming,
    open: (onReady: () => void) => EventSource<Event>,
  ) {
    this.#response = response
    this.#head = head
    // Written to the socket: the response would cork and uncork it, and write three buffers for each chunk. A pipelined
    // response has no socket yet.
    this.#sink = response.socket ?? response
    this.#format = format
    this.#timing = timing
    this.#keepAlive = new IdleTimer(timing.keepAliveMs, () => this.#sendKeepAlive())
    this.#sink.on('drain', this.#drained)
    response.once('close', () => this.#release())
    const { headWaitMs } = format
    if (headWaitMs === undefined) this.#sendHead()
    else if (headWaitMs < timing.keepAliveMs) this.#headWait = setTimeout(() => this.#sendKeepAlive(), headWaitMs)
    this.#events = open(() => this.#pump())
    this.#pump()
  }

  get atStop(): StreamFormat['atStop'] {
    return this.#format.atStop
  }

  /** Whether the response waits for its job. */
  get isWaiting(): boolean {
    return !this.#isOver && this.#events.isWaiting === true
  }

  /** Ends the response before the final event, because the server stops. */
  stop(): void {
    if (this.#isOver) return
    const { socket } = this.#response
    // An open connection would delay the shutdown.
    const close = () => socket?.destroySoon()
    if (this.#format.atStop === 'end') {
      this.#end(close)
    } else {
      this.#response.once('finish', close)
      this.fail(new ApiError('shutting-down', 'This server is shutting down. Try again in a moment.'))
    }
  }

  /** Ends the response before the end of the text. If nothing was sent yet, the answer is the error. */
  fail(error: ApiError): void {
    if (this.#isOver) return
    if (this.#isHeadSent) {
      this.#break()
    } else {
      this.#release()
      this.#head.refuse(error)
    }
  }

  /** Tells in a stream whose format has room for it that the job waits for its vendor. */
  tellWait(wait: VendorWait): void {
    const words = this.#format.encodeWait?.(wait)
    if (words && this.#isHeadSent && !this.#isOver && !this.#stall) this.#write(words)
  }

  #sendHead(): void {
    this.#isHeadSent = true
    clearTimeout(this.#headWait)
    this.#head.write()
    const response = this.#response
    const { socket } = response
    // What is ready now leaves together with the head.
    socket?.cork()
    process.nextTick(() => socket?.uncork())
    // Not sent along with the opening: the response keeps the text of the head, and a text that is written by itself takes half.
    response.flushHeaders()
    if (this.#format.opening !== '') response.write(this.#format.opening)
    // Known only after the head: clients of HTTP/1.0 get the text without chunks, and the end of the connection.
    this.#isChunked = this.#sink !== response && response.chunkedEncoding
  }

  /** An error in a view or a format is the end of this response, and of nothing else. */
  #pump(): void {
    try {
      this.#writeReady()
    } catch (error) {
      // Outside of this response it would end the process, and with it all other responses and jobs.
      this.#head.report(error)
      this.fail(new ApiError('internal', 'The server failed to write this answer. Its log has the details.'))
    }
  }

  #writeReady(): void {
    while (!this.#isOver && !this.#stall) {
      const events = this.#events.read()
      const last = events.at(-1)
      const { isDone } = this.#events
      if (isDone && this.#isRefused(events)) return
      // The last events and the end of the response leave in one write.
      if (isDone) this.#sink.cork()
      if (last) this.#write(this.#format.encode(events))
      if (isDone) this.#finish(last)
      else if (!last) return
    }
  }

  #finish(last: Event | undefined): void {
    if (this.#format.mayEndBehind(last)) {
      if (!this.#isHeadSent) this.#sendHead()
      this.#end()
      return
    }
    const refusal = last && this.#refusalOf(last)
    if (refusal) this.fail(refusal)
    else this.#cutOff()
  }

  /** Answers with the error of a job of which there is nothing else. */
  #isRefused(events: readonly Event[]): boolean {
    const [only] = events
    const refusal = events.length === 1 && only !== undefined ? this.#refusalOf(only) : undefined
    if (refusal) this.fail(refusal)
    return refusal !== undefined
  }

  #refusalOf(last: Event): ApiError | undefined {
    return this.#isHeadSent ? undefined : this.#format.refusalOf(last)
  }

  #write(encoded: EncodedText): void {
    if (encoded.text === '') return
    if (!this.#isHeadSent) this.#sendHead()
    this.#keepAlive.active()
    if (!this.#sink.write(this.#isChunked ? encoded.chunk : encoded.text))
      this.#stall ??= setTimeout(() => this.#break(), this.#timing.stallMs)
  }

  readonly #drained = (): void => {
    clearTimeout(this.#stall)
    this.#stall = undefined
    this.#pump()
  }

  #sendKeepAlive(): void {
    if (this.#isOver) return
    // Proxies and clients wait for a head no longer than for the next bytes.
    if (!this.#isHeadSent) this.#sendHead()
    // A reader that has not taken the last write needs no keep-alive.
    if (!this.#stall) this.#write(this.#format.keepAlive)
    this.#events.checkWait?.()
  }

  #end(onFinish?: () => void): void {
    this.#release()
    this.#response.end(onFinish)
    this.#awaitReader()
  }

  /** Closes the connection behind the text without the last chunk, so that a part of the text does not look like the whole. */
  #cutOff(): void {
    const { socket } = this.#response
    if (!socket) {
      this.#break()
      return
    }
    this.#release()
    this.#sink.uncork()
    if (this.#isWholeWhenClosed) this.#sink.write('', () => this.#destroy())
    else socket.destroySoon()
    this.#awaitReader()
  }

  /** Whether a client takes the end of the connection for the end of the text: one of HTTP/1.0, such as a proxy, gets no chunks. */
  get #isWholeWhenClosed(): boolean {
    return this.#isHeadSent && !this.#isChunked
  }

  /** Gives a reader that has not taken the end of the text yet a last time for it. */
  #awaitReader(): void {
    if (this.#sink.writableLength === 0) return
    const stall = setTimeout(() => this.#destroy(), this.#timing.stallMs)
    this.#response.once('close', () => clearTimeout(stall))
  }

  #break(): void {
    this.#release()
    this.#destroy()
  }

  #destroy(): void {
    const { socket } = this.#response
    if (socket && this.#isWholeWhenClosed) socket.resetAndDestroy()
    else this.#response.destroy()
  }

  #release(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#keepAlive.stop()
    clearTimeout(this.#headWait)
    clearTimeout(this.#stall)
    this.#sink.off('drain', this.#drained)
    this.#events.close()
  }
}
