import { LiveText } from './live-text.ts'
import { decodePart, type TokenPart } from './token-part.ts'

/** A part in a job's Redis stream, and its id there. */
export interface StreamEntry {
  readonly id: string
  readonly part: string
}

/** Reads entries of a job's stream: those after `afterId`, or from the beginning. No entries means the end of the stream. */
export type ReadEntries = (afterId: string | undefined) => Promise<readonly StreamEntry[]>

/**
 * This process's copy of a text that another process writes. It is built from the job's stream, and then from published
 * messages. Each part says where it begins in the text, because messages can be lost or come twice:
 *
 * - Text that the copy has already is cut off.
 * - A gap is filled from the stream.
 * - After a gap that cannot be filled, no more text is taken, so that no reader ever sees a text with a gap. The readers get
 *   the rest from the record when the job has ended.
 */
export class CopiedText {
  readonly text = new LiveText()
  readonly #readEntries: ReadEntries
  readonly #idleMs: number
  #lastId: string | undefined
  #isReading = false
  #mustReadAgain = false
  /** The length that the text has at least, as known from published parts. */
  #knownLength = 0
  /** Whether text is missing that the stream does not have either. */
  #hasGap = false
  #idleSince = performance.now()
  /** The number of the run whose tokens are taken. */
  #run = 0

  /** @param idleMs after this time without a new token, messages may have been lost, in milliseconds */
  constructor(readEntries: ReadEntries, idleMs: number) {
    this.#readEntries = readEntries
    this.#idleMs = idleMs
  }

  /** Call this when messages arrive from now on. Everything that was published before is in the stream. */
  onSubscribed(): void {
    void this.#catchUp()
  }

  onMessage(message: string): void {
    const part = decodePart(message)
    if (part === undefined || this.text.hasEnded) return
    // If text before the end is missing here, the stream has that text and then the end.
    const isEarly = 'endsAt' in part && part.endsAt !== this.text.length
    if (isEarly || !this.#take(part)) void this.#catchUp()
  }

  /** Call this regularly. When the text has been idle for long, it reads the stream and tells its readers. */
  checkIdle(): void {
    const now = performance.now()
    if (now - this.#idleSince < this.#idleMs) return
    this.#idleSince = now
    void this.#catchUp()
    this.text.notifyIdle()
  }

  /** @returns false if text before the part is missing */
  #take(part: TokenPart): boolean {
    const { text } = this
    if (text.hasEnded) return true
    if ('endsAt' in part) {
      // The final event only behind the whole text. Otherwise readers need the record for the rest of the text.
      text.end(this.#run, part.endsAt === text.length ? part.final : undefined)
      return true
    }
    if ('cutAt' in part) {
      if (part.run <= this.#run) return true
      this.#run = part.run
      text.takeOver(part.cutAt, part.run)
      // Longer text that was published is void, and so is a gap behind the place.
      this.#knownLength = Math.min(this.#knownLength, part.cutAt)
      if (text.length === part.cutAt) this.#hasGap = false
      return text.length >= part.cutAt
    }
    if (this.#hasGap) return true
    let position = part.start
    if (position > text.length) {
      this.#knownLength = Math.max(this.#knownLength, position)
      return false
    }
    for (const token of part.tokens) {
      text.append(token, position, this.#run)
      position += token.length
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
      // A part is in the stream before it is published, so text that is still missing is lost.
      if (this.text.length < this.#knownLength) this.#hasGap = true
    } catch {
      // The stream cannot be read now. It is read again when the connection is back, or when the text is idle again.
    } finally {
      this.#isReading = false
    }
  }

  async #readToEnd(): Promise<void> {
    for (;;) {
      const entries = await this.#readEntries(this.#lastId)
      for (const { id, part } of entries) {
        this.#lastId = id
        const decoded = decodePart(part)
        if (decoded !== undefined) this.#take(decoded)
      }
      if (entries.length === 0) return
    }
  }
}
