import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { AnyStreamEvent } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { IdleTimer } from '../../base/idle-timer.ts'
import type { EncodedText } from './encoded-text.ts'
import { refusalOf } from './refusal-of.ts'
import type { StreamFormat } from './stream-format.ts'

/** The source of the events: see `JobEventReader`. */
export interface EventSource {
  readonly isDone: boolean
  read(): readonly AnyStreamEvent[]
  close(): void
}

/** How a response begins: as a stream, or as a problem. Exactly one of the two is called, at most once. */
export interface StreamHead {
  /** Sets the status 200 and the headers of the stream. */
  write(): void
  /** Answers with a problem. */
  refuse(error: ApiError): void
}

export interface StreamTiming {
  /** An idle stream sends a keep-alive after this many milliseconds, or its head if it is still held back. */
  readonly keepAliveMs: number
  /** A reader that takes nothing for this many milliseconds is disconnected. It may resume. */
  readonly stallMs: number
}

/**
 * Writes the events of one reader to its response. It takes events only while the connection has room, so a slow reader costs
 * no memory. Events that became ready meanwhile leave in one write.
 */
export class StreamResponse {
  readonly #response: ServerResponse
  readonly #head: StreamHead
  readonly #sink: Writable
  readonly #format: StreamFormat
  readonly #events: EventSource
  readonly #timing: StreamTiming
  readonly #keepAlive: IdleTimer
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
    format: StreamFormat,
    timing: StreamTiming,
    open: (onReady: () => void) => EventSource,
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
    // Other formats can report a failure by the status as long as there is no text.
    if (format.isSelfContained) this.#sendHead()
    this.#events = open(() => this.#pump())
    this.#pump()
  }

  /** Ends the response before the final event, so that the client connects again and resumes. */
  stop(): void {
    if (this.#isOver) return
    const { socket } = this.#response
    // An open connection would delay the shutdown.
    const close = () => socket?.destroySoon()
    if (this.#format.isSelfContained) {
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

  #sendHead(): void {
    this.#isHeadSent = true
    this.#head.write()
    const response = this.#response
    // Written to the response, which sends the head along.
    if (this.#format.opening === '') response.flushHeaders()
    else response.write(this.#format.opening)
    // Known only after the head: clients of HTTP/1.0 get the text without chunks, and the end of the connection.
    this.#isChunked = this.#sink !== response && response.chunkedEncoding
  }

  #pump(): void {
    while (!this.#isOver && !this.#stall) {
      const events = this.#events.read()
      const last = events.at(-1)
      const { isDone } = this.#events
      // The last events and the end of the response leave in one write.
      if (isDone) this.#sink.cork()
      if (last) this.#write(this.#format.encode(events))
      if (isDone) this.#finish(last)
      else if (!last) return
    }
  }

  #finish(last: AnyStreamEvent | undefined): void {
    if (this.#format.isSelfContained || last?.event === 'metrics') {
      if (!this.#isHeadSent) this.#sendHead()
      this.#end()
      return
    }
    const refusal = last && !this.#isHeadSent ? refusalOf(last) : undefined
    if (refusal) this.fail(refusal)
    else this.#cutOff()
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
    socket.destroySoon()
    this.#awaitReader()
  }

  /** Gives a reader that has not taken the end of the text yet a last time for it. */
  #awaitReader(): void {
    if (this.#sink.writableLength === 0) return
    const stall = setTimeout(() => this.#response.destroy(), this.#timing.stallMs)
    this.#response.once('close', () => clearTimeout(stall))
  }

  #break(): void {
    this.#release()
    this.#response.destroy()
  }

  #release(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#keepAlive.stop()
    clearTimeout(this.#stall)
    this.#sink.off('drain', this.#drained)
    this.#events.close()
  }
}
