import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { StreamEvent } from '@promptlab/contract'
import { IdleTimer } from '../../base/idle-timer.ts'
import type { EncodedText } from './encoded-text.ts'
import type { StreamFormat } from './stream-format.ts'

/** Where the events come from: see `JobEventReader`. */
export interface EventSource {
  readonly isDone: boolean
  read(): readonly StreamEvent[]
  close(): void
}

export interface StreamTiming {
  /** Silence after which a sign of life is sent, in milliseconds. */
  readonly heartbeatMs: number
  /** How long a reader may take nothing before it is disconnected, in milliseconds. It may resume. */
  readonly stallMs: number
}

/**
 * Writes the events of one reader to its response. It takes events only while the connection has room, so a reader that is
 * slow, or reads nothing, makes nothing grow; what became ready meanwhile goes out as one write.
 */
export class StreamResponse {
  readonly #response: ServerResponse
  readonly #sink: Writable
  readonly #isChunked: boolean
  readonly #format: StreamFormat
  readonly #events: EventSource
  readonly #timing: StreamTiming
  readonly #heartbeat: IdleTimer
  #stall: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param response with its headers set, and nothing sent
   * @param open makes the source; the callback it is given is to be called when there is something to read
   */
  constructor(
    response: ServerResponse,
    format: StreamFormat,
    timing: StreamTiming,
    open: (onReady: () => void) => EventSource,
  ) {
    this.#response = response
    // Past the response, which corks and uncorks the socket and writes three pieces for each chunk. A pipelined response has
    // no socket yet.
    this.#sink = response.socket ?? response
    this.#format = format
    this.#timing = timing
    this.#heartbeat = new IdleTimer(timing.heartbeatMs, () => this.#ping())
    this.#sink.on('drain', this.#drained)
    response.once('close', () => this.#release())
    // Through the response, whose head goes along.
    if (format.opening === '') response.flushHeaders()
    else response.write(format.opening)
    // Known now that the head is out: clients of HTTP/1.0 get the bare bytes and the end of the connection.
    this.#isChunked = this.#sink !== response && response.chunkedEncoding
    this.#events = open(() => this.#pump())
    this.#pump()
  }

  /** Ends the response before the final event: the client comes again and resumes. */
  stop(): void {
    if (this.#isOver) return
    const { socket } = this.#response
    if (!this.#format.isSelfContained) this.#break()
    // Kept alive, the connection would hold up the shutdown.
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
    this.#heartbeat.active()
    if (!this.#sink.write(this.#isChunked ? encoded.chunk : encoded.text))
      this.#stall ??= setTimeout(() => this.#break(), this.#timing.stallMs)
  }

  readonly #drained = (): void => {
    clearTimeout(this.#stall)
    this.#stall = undefined
    this.#pump()
  }

  #ping(): void {
    // A reader that has not taken the last write needs no sign of life.
    if (!this.#isOver && !this.#stall) this.#write(this.#format.keepAlive)
  }

  #end(onFinish?: () => void): void {
    this.#release()
    this.#response.end(onFinish)
    if (this.#sink.writableLength === 0) return
    // The end of the text is still to be taken.
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
    this.#heartbeat.stop()
    clearTimeout(this.#stall)
    this.#sink.off('drain', this.#drained)
    this.#events.close()
  }
}
