import { placesOf } from '../jobs/answer/piece.ts'
import { LiveLog } from './live-log.ts'
import { decodeMessage, type LogMessage } from './log-message.ts'

/** A message in a job's Redis stream, and its id there. */
export interface StreamEntry {
  readonly id: string
  readonly message: string
}

/** Reads entries of a job's stream: those after `afterId`, or from the beginning. No entries means the end of the stream. */
export type ReadEntries = (afterId: string | undefined) => Promise<readonly StreamEntry[]>

/**
 * This process's copy of an answer that another process writes. It is built from the job's stream, and then from published
 * messages. Each message says where it begins in the answer, because messages can be lost or come twice:
 *
 * - Pieces that the copy has already are cut off.
 * - A gap is filled from the stream.
 * - After a gap that cannot be filled, no more pieces are taken, so that no reader ever sees an answer with a gap. The
 *   readers get the rest from the record when the job has ended.
 */
export class CopiedLog {
  readonly log = new LiveLog()
  readonly #readEntries: ReadEntries
  readonly #idleMs: number
  #lastId: string | undefined
  #isReading = false
  #mustReadAgain = false
  /** The length that the answer has at least, as known from published messages, in places. */
  #knownLength = 0
  /** Whether pieces are missing that the stream does not have either. */
  #hasGap = false
  #idleSince = performance.now()
  /** The number of the run whose pieces are taken. */
  #run = 0

  /** @param idleMs after this time without a new piece, messages may have been lost, in milliseconds */
  constructor(readEntries: ReadEntries, idleMs: number) {
    this.#readEntries = readEntries
    this.#idleMs = idleMs
  }

  /** Call this when messages arrive from now on. Everything that was published before is in the stream. */
  onSubscribed(): void {
    void this.#catchUp()
  }

  onMessage(text: string): void {
    const message = decodeMessage(text)
    if (message === undefined || this.log.hasEnded) return
    // If something before the end is missing here, the stream has that and then the end.
    const isEarly = 'endsAt' in message && !this.#isWhole(message.endsAt)
    if (isEarly || !this.#take(message)) void this.#catchUp()
  }

  /** Call this regularly. When the log has been idle for long, it reads the stream and tells its readers. */
  checkIdle(): void {
    const now = performance.now()
    if (now - this.#idleSince < this.#idleMs) return
    this.#idleSince = now
    void this.#catchUp()
    this.log.notifyIdle()
  }

  #isWhole(textLength: number | undefined): boolean {
    return textLength === this.log.textLength && this.log.length >= this.#knownLength && !this.#hasGap
  }

  /** @returns false if something before the message is missing */
  #take(message: LogMessage): boolean {
    const { log } = this
    if (log.hasEnded) return true
    if ('endsAt' in message) {
      // The final event only behind the whole answer. Otherwise readers need the record for the rest of it.
      log.end(this.#run, this.#isWhole(message.endsAt) ? message.final : undefined)
      return true
    }
    if ('cutAt' in message) {
      if (message.run <= this.#run) return true
      this.#run = message.run
      log.takeOver(message.cutAt, message.run)
      // What was published behind the place is void, and so is a gap there.
      this.#knownLength = Math.min(this.#knownLength, message.cutAt)
      if (log.length === message.cutAt) this.#hasGap = false
      return log.length >= message.cutAt
    }
    if (this.#hasGap) return true
    let place = message.place
    if (place > log.length) {
      this.#knownLength = Math.max(this.#knownLength, place)
      return false
    }
    for (const { piece, part } of message.pieces) {
      log.append(piece, place, part, this.#run)
      place += placesOf(piece)
    }
    this.#idleSince = performance.now()
    return true
  }

  async #catchUp(): Promise<void> {
    this.#mustReadAgain = true
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#mustReadAgain) {
        this.#mustReadAgain = false
        await this.#readToEnd()
      }
      // A message is in the stream before it is published, so what is still missing is lost.
      if (this.log.length < this.#knownLength) this.#hasGap = true
    } catch {
      // The stream cannot be read now. It is read again when the connection is back, or when the log is idle again.
    } finally {
      this.#isReading = false
    }
  }

  async #readToEnd(): Promise<void> {
    for (;;) {
      const entries = await this.#readEntries(this.#lastId)
      for (const { id, message } of entries) {
        this.#lastId = id
        const decoded = decodeMessage(message)
        if (decoded !== undefined) this.#take(decoded)
      }
      if (entries.length === 0) return
    }
  }
}
