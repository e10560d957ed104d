import type { FinalEvent } from '@promptlab/contract'
import type { LogLength } from '../jobs/answer/log-length.ts'
import type { Piece } from '../jobs/answer/piece.ts'
import type { TokenListener, TokenLog, TokenReader } from '../jobs/ports/token-log.ts'
import type { View } from '../jobs/views/view.ts'
import { EndedLog } from './ended-log.ts'
import { LiveLog } from './live-log.ts'

interface MemoryTokenLogOptions {
  /** How long the answer of an ended job is kept, in milliseconds. The default is one minute. */
  graceMs: number
  /**
   * How much of the answers of ended jobs is kept in all, in places. The oldest is dropped first. The default is four
   * million.
   */
  maxKeptLength: number
}

/**
 * The token log of a single process. It has the tokens of jobs that are running or being read. It keeps them for a minute
 * after the end, so that a reader that attaches just after the end still gets the tokens as they were streamed.
 */
export class MemoryTokenLog implements TokenLog {
  readonly #options: MemoryTokenLogOptions
  /** A log that has ended and has no reader is packed. */
  readonly #logs = new Map<string, LiveLog | EndedLog>()
  /** Logs that have ended, oldest first, each with the timer that drops it. */
  readonly #ended = new Map<string, { readonly log: LiveLog | EndedLog; readonly expiry: NodeJS.Timeout }>()
  #keptLength = 0

  constructor(options: MemoryTokenLogOptions = { graceMs: 60_000, maxKeptLength: 4_000_000 }) {
    this.#options = options
  }

  /** The number of jobs that have pieces or readers here. */
  get size(): number {
    return this.#logs.size
  }

  /** The number of attached readers. */
  get readerCount(): number {
    let count = 0
    for (const log of this.#logs.values()) count += log.readerCount
    return count
  }

  append(jobId: string, piece: Piece, place: number, part: number, run: number): void {
    const log = this.#log(jobId)
    if (log instanceof LiveLog) log.append(piece, place, part, run)
  }

  takeOver(jobId: string, stored: LogLength, run: number): void {
    const log = this.#logs.get(jobId)
    if (log instanceof LiveLog) log.takeOver(stored.length, run)
  }

  async close(jobId: string, run: number, final?: FinalEvent): Promise<void> {
    const log = this.#logs.get(jobId)
    if (!(log instanceof LiveLog) || log.hasEnded) return
    log.end(run, final)
    if (!log.hasEnded) return
    this.#keep(jobId, log)
    this.#pack(jobId, log)
  }

  attach<Event>(jobId: string, view: View<Event>, after: number, listener: TokenListener): TokenReader<Event> {
    const log = this.#log(jobId)
    if (log instanceof EndedLog) return log.attach(view, after, listener)
    return log.attach(view, after, listener, () => {
      // This log was only created for readers, and has none any more.
      if (log.readerCount === 0 && log.length === 0 && !log.hasEnded) this.#logs.delete(jobId)
      this.#pack(jobId, log)
    })
  }

  async stop(): Promise<void> {
    for (const jobId of this.#ended.keys()) this.#drop(jobId)
  }

  #log(jobId: string): LiveLog | EndedLog {
    let log = this.#logs.get(jobId)
    if (!log) {
      log = new LiveLog()
      this.#logs.set(jobId, log)
    }
    return log
  }

  #keep(jobId: string, log: LiveLog): void {
    const expiry = setTimeout(() => this.#drop(jobId), this.#options.graceMs).unref()
    this.#ended.set(jobId, { log, expiry })
    this.#keptLength += log.length
    for (const oldest of this.#ended.keys()) {
      if (this.#keptLength <= this.#options.maxKeptLength) break
      this.#drop(oldest)
    }
  }

  /** Packs a log that is kept and has no reader: readers of a live log share events, and are woken by it. */
  #pack(jobId: string, log: LiveLog): void {
    const kept = this.#ended.get(jobId)
    if (kept?.log !== log || log.readerCount > 0) return
    const packed = new EndedLog(log)
    this.#ended.set(jobId, { ...kept, log: packed })
    this.#logs.set(jobId, packed)
  }

  /** Attached readers keep the log and read on. Later readers get the answer from the record. */
  #drop(jobId: string): void {
    const kept = this.#ended.get(jobId)
    if (!kept) return
    clearTimeout(kept.expiry)
    this.#ended.delete(jobId)
    this.#logs.delete(jobId)
    this.#keptLength -= kept.log.length
  }
}
