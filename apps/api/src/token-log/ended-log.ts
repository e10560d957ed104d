import type { FinalEvent } from '@promptlab/contract'
import type { LogPiece } from '../jobs/answer/log-piece.ts'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import type { View } from '../jobs/views/view.ts'
import type { LiveLog } from './live-log.ts'
import { LiveLogReader, type ReadableLog } from './live-log-reader.ts'
import { LivePart, textEndIn } from './live-part.ts'

/**
 * The answer of a job that has ended: one string, and two numbers of four bytes for each piece. In a live log each piece is a
 * string of its own, which takes about 60 bytes more.
 */
export class EndedLog implements ReadableLog {
  readonly hasEnded = true
  readonly length: number
  readonly textLength: number
  readonly pieceCount: number
  readonly final: FinalEvent | undefined
  readonly #text: string
  /** Where each piece begins in the text, and the end of the last one. */
  readonly #starts: Uint32Array
  /** The place behind each piece. */
  readonly #ends: Uint32Array
  readonly #parts: LivePart[] = []
  #readerCount = 0

  /** Copies a log that has ended. */
  constructor(log: LiveLog) {
    this.length = log.length
    this.textLength = log.textLength
    this.pieceCount = log.pieceCount
    this.final = log.final
    const { texts, ends, parts } = log
    this.#text = texts.join('')
    this.#starts = new Uint32Array(texts.length + 1)
    for (const [index, text] of texts.entries()) this.#starts[index + 1] = (this.#starts[index] ?? 0) + text.length
    this.#ends = Uint32Array.from(ends)
    for (const part of parts) {
      const copy = new LivePart(part.index, part.type, part, part.start, this.#parts.at(-1), this.#textBetween)
      copy.take(part.carry)
      this.#parts.push(copy)
    }
  }

  get readerCount(): number {
    return this.#readerCount
  }

  attach<Event>(view: View<Event>, after: number, listener: TokenListener): TokenReader<Event> {
    this.#readerCount++
    let isAttached = true
    return new LiveLogReader(this, view, after, listener, () => {
      if (isAttached) this.#readerCount--
      isAttached = false
    })
  }

  indexBehind<Event>(view: View<Event>, cursor: number): number {
    for (let index = 0; index < this.pieceCount; index++) {
      const piece = this.pieceAt(index)
      if (piece && view.endOf(piece) > cursor) return index
    }
    return this.pieceCount
  }

  eventsFrom<Event>(view: View<Event>, start: number): readonly Event[] {
    const events: Event[] = []
    for (let index = start; index < this.pieceCount; index++) {
      const piece = this.pieceAt(index)
      if (piece) view.addEvents(events, piece)
    }
    return events
  }

  pieceAt(index: number): LogPiece | undefined {
    const end = this.#ends[index]
    const part = this.#partOf(index)
    if (end === undefined || part === undefined) return undefined
    const text = this.#textBetween(index, index + 1)
    return { kind: part.kindOf(text, index), part, text, end, textEnd: textEndIn(part, end) }
  }

  /** The last part that begins at or before a piece, by bisection: an answer may have 10,000 parts. */
  #partOf(index: number): LivePart | undefined {
    let [low, high] = [0, this.#parts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#parts[middle]?.start.piece ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return this.#parts[low - 1]
  }

  readonly #textBetween = (from: number, to = this.pieceCount): string =>
    this.#text.slice(this.#starts[from], this.#starts[to])
}
