import { LiveText } from './live-text.ts'
import { decodePart, type TokenPart } from './token-part.ts'

/** A part as it is kept in a stream. */
export interface StreamEntry {
  readonly id: string
  readonly part: string
}

/** Reads the entries of a job's stream behind one of them, or from its start; an empty answer means there are no more. */
export type ReadEntries = (afterId: string | undefined) => Promise<readonly StreamEntry[]>

/**
 * This process's copy of a text that grows in another: built from the job's stream, then from what is published. Parts may be
 * missed or come twice. What is known already is cut off; a gap is filled from the stream; behind one that cannot be filled
 * nothing is taken, so that no reader ever sees a text with a hole. The record has the text in the end.
 */
export class FollowedText {
  readonly text = new LiveText()
  readonly #readEntries: ReadEntries
  readonly #doubtMs: number
  #lastId: string | undefined
  #isReading = false
  #mustReadAgain = false
  /** How long the text must be, as far as was heard. */
  #heardLength = 0
  #hasHole = false
  #quietSince = performance.now()

  /** @param doubtMs after how much silence the text is doubted, in milliseconds */
  constructor(readEntries: ReadEntries, doubtMs: number) {
    this.#readEntries = readEntries
    this.#doubtMs = doubtMs
  }

  /** What is published comes from now on: what was before is in the stream. */
  onSubscribed(): void {
    void this.#catchUp()
  }

  onMessage(message: string): void {
    const part = decodePart(message)
    if (part === undefined || this.text.hasEnded) return
    // An end that comes too early is in the stream as well, behind what is missing here.
    const isEarly = 'endsAt' in part && part.endsAt !== this.text.length
    if (isEarly || !this.#take(part)) void this.#catchUp()
  }

  /** To be called now and then: after a silence, looks into the stream, and has the readers look at the record. */
  checkSilence(): void {
    const now = performance.now()
    if (now - this.#quietSince < this.#doubtMs) return
    this.#quietSince = now
    void this.#catchUp()
    this.text.doubt()
  }

  /** @returns whether it is part of the text now, or never will be; if not, something before it is missing */
  #take(part: TokenPart): boolean {
    const { text } = this
    if (text.hasEnded) return true
    if ('endsAt' in part) {
      // Only behind the whole text; else the record has what is missing here.
      text.end(part.endsAt === text.length ? part.final : undefined)
      return true
    }
    if (this.#hasHole) return true
    let position = part.start
    if (position > text.length) {
      this.#heardLength = Math.max(this.#heardLength, position)
      return false
    }
    for (const token of part.tokens) {
      const known = text.length - position
      if (known < token.length) text.append(known === 0 ? token : token.slice(known))
      position += token.length
    }
    this.#quietSince = performance.now()
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
      // Everything that was heard of had been written before, so what is missing now is lost.
      if (this.text.length < this.#heardLength) this.#hasHole = true
    } catch {
      // The stream cannot be read now. It is read again after the next silence, or when the connection is back.
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
