import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { StreamEvent } from '@promptlab/contract'
import { IdleTimer } from '../../base/idle-timer.ts'
import type { EncodedText } from './encoded-text.ts'
import type { StreamFormat } from './stream-format.ts'

/** The source of the events: see `JobEventReader`. */
export interface EventSource {
  readonly isDone: boolean
  read(): readonly StreamEvent[]
  close(): void
}

export interface StreamTiming {
  /** An idle stream sends a keep-alive after this many milliseconds. */
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
  readonly #sink: Writable
  readonly #isChunked: boolean
  readonly #format: StreamFormat
  readonly #events: EventSource
  readonly #timing: StreamTiming
  readonly #keepAlive: IdleTimer
  #stall: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param response has its headers, and has sent nothing
   * @param open makes the source, which calls the callback when events are ready
   */
  constructor(
    response: ServerResponse,
    format: StreamFormat,
    timing: StreamTiming,
    open: (onReady: () => void) => EventSource,
  ) {
    this.#response = response
    // Written to the socket: the response would cork and uncork it, and write three buffers for each chunk. A pipelined
    // response has no socket yet.
    this.#sink = response.socket ?? response
    this.#format = format
    this.#timing = timing
    this.#keepAlive = new IdleTimer(timing.keepAliveMs, () => this.#sendKeepAlive())
    this.#sink.on('drain', this.#drained)
    response.once('close', () => this.#release())
    // Written to the response, which sends the head along.
    if (format.opening === '') response.flushHeaders()
    else response.write(format.opening)
    // Known only after the head: clients of HTTP/1.0 get the text without chunks, and the end of the connection.
    this.#isChunked = this.#sink !== response && response.chunkedEncoding
    this.#events = open(() => this.#pump())
    this.#pump()
  }

  /** Ends the response before the final event, so that the client connects again and resumes. */
  stop(): void {
    if (this.#isOver) return
    const { socket } = this.#response
    if (!this.#format.isSelfContained) this.#break()
    // An open connection would delay the shutdown.
    else this.#end(() => socket?.destroySoon())
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

  #finish(last: StreamEvent | undefined): void {
    if (this.#format.isSelfContained || last?.event === 'metrics') this.#end()
    else this.#break()
  }

  #write(encoded: EncodedText): void {
    if (encoded.text === '') return
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
    // A reader that has not taken the last write needs no keep-alive.
    if (!this.#isOver && !this.#stall) this.#write(this.#format.keepAlive)
  }

  #end(onFinish?: () => void): void {
    this.#release()
    this.#response.end(onFinish)
    if (this.#sink.writableLength === 0) return
    // The reader has not taken the end of the text yet.
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
